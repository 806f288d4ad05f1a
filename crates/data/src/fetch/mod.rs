//! Brings the original files of a corpus into the data folder, from the network or from a local copy.
//!
//! ```text
//! address -> NAME.part (resumes) -> sha256 -> [unpack] -> [empty the name cells] -> rename to NAME
//! ```
//!
//! Under its final name a file is whole and right, or absent. An interrupted download leaves `NAME.part`, which the next run takes
//! up; a part with a wrong hash is deleted. What was stored is listed in `SHA256SUMS` beside it (`sha256sum -c` reads it).
//!
//! Loaders never download: they read a folder. [`corpus_folder`] says which.

mod archive;
mod blanking;
mod error;
mod origins;
mod transfer;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub use error::{FetchError, TransferFailure};
pub use origins::{Address, Digest, ORIGINS, Origin, RemoteFile};
pub use transfer::Network;

use crate::digest;
use crate::lock::{self, LockError};
use crate::whole::{self, WholeFile};
use transfer::{Failure, Wanted};

const SUMS: &str = "SHA256SUMS";

/// Where the files are taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The public addresses.
    Network(Network),
    /// A folder that holds the files (or a subfolder named like the corpus, or zip files that hold them), or one zip file.
    Folder(PathBuf),
}

impl Default for Source {
    fn default() -> Self {
        Source::Network(Network::default())
    }
}

/// What is being done to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It was there already, whole.
    Present,
    /// Its bytes arrive.
    Receiving,
    /// Its hash is computed.
    Checking,
    /// It is taken out of an archive.
    Unpacking,
    /// It lies under its name.
    Stored,
}

/// A sign of life for the person who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// The file of the corpus.
    pub file: &'a str,
    /// What is being done to it.
    pub stage: Stage,
    /// Bytes held.
    pub received: u64,
    /// Bytes it will have, where known.
    pub total: Option<u64>,
}

/// The result of a fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The folder to give to the loader.
    pub folder: PathBuf,
    /// Every file of the corpus.
    pub files: Vec<FetchedFile>,
}

/// A file that lies in the folder now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// Its name.
    pub name: &'static str,
    /// Its size.
    pub bytes: u64,
    /// Its sha256 as stored (after name cells were emptied).
    pub sha256: String,
    /// False when it was there before, whole.
    pub new: bool,
    /// Columns whose cells are empty because they named people.
    pub blanked: &'static [&'static str],
}

/// The origin of a corpus; hyphens and underscores are alike.
pub fn origin(corpus: &str) -> Result<&'static Origin, FetchError> {
    let plain = corpus.to_lowercase().replace('_', "-");
    ORIGINS.iter().find(|origin| origin.corpus == plain).ok_or_else(|| {
        let known: Vec<&str> = ORIGINS.iter().map(|origin| origin.corpus).collect();
        FetchError::UnknownCorpus {
            corpus: corpus.to_owned(),
            nearest: evenhand_catalog::nearest(corpus, known.iter().copied()).map(str::to_owned),
            known: known.join(", "),
        }
    })
}

/// The folder of all corpora ([`cache::folder`](crate::cache::folder)).
pub fn cache_folder() -> Result<PathBuf, FetchError> {
    crate::cache::folder().ok_or(FetchError::NoCacheFolder)
}

/// The folder of one corpus under the folder of all: `faircv-2020`, or `faircv_2020` where only that exists.
pub fn corpus_folder(root: &Path, corpus: &str) -> PathBuf {
    let spellings = [corpus.replace('_', "-"), corpus.replace('-', "_")];
    let folder = spellings.iter().map(|name| root.join(name)).find(|folder| folder.is_dir());
    folder.unwrap_or_else(|| root.join(&spellings[0]))
}

/// Brings the files of a corpus into `corpus_folder(destination, corpus)`. Files that lie there whole are not fetched again.
pub fn fetch(corpus: &str, destination: &Path, source: &Source, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Fetched, FetchError> {
    fetch_origin(origin(corpus)?, destination, source, progress)
}

/// As [`fetch`], for an origin that is not in [`ORIGINS`].
pub fn fetch_origin(
    origin: &'static Origin,
    destination: &Path,
    source: &Source,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Fetched, FetchError> {
    let folder = corpus_folder(destination, origin.corpus);
    let lock = match lock::hold(&folder) {
        Ok(lock) => Some(lock),
        Err(LockError::Held(folder)) => return Err(FetchError::Busy { folder }),
        // A folder that cannot be written to may hold all files already; else the first of them tells why it cannot be written.
        Err(LockError::Io { .. }) => None,
    };
    let mut errand =
        Errand { origin, folder: &folder, recorded: read_sums(&folder), stored: false, unnoted: false, archives: Vec::new(), progress };
    let files = origin.files.iter().map(|file| errand.bring(file, source)).collect::<Result<Vec<_>, _>>();
    let result = errand.finish().and(files);
    drop(lock);
    if result.is_err() {
        // Goes only when it is empty: a folder without a file would look like a corpus.
        let _ = fs::remove_dir(&folder);
    }
    result.map(|files| Fetched { folder, files })
}

/// One run of [`fetch`].
struct Errand<'a> {
    origin: &'static Origin,
    folder: &'a Path,
    /// Digests by file name, as an earlier run wrote them down.
    recorded: BTreeMap<String, String>,
    stored: bool,
    /// Whether a whole file lay there that no earlier run wrote down.
    unnoted: bool,
    /// Archives downloaded in this run; they serve several files and go at the end.
    archives: Vec<PathBuf>,
    progress: &'a mut dyn FnMut(Progress<'_>),
}

impl Errand<'_> {
    fn say(&mut self, file: &RemoteFile, stage: Stage, received: u64, total: Option<u64>) {
        (self.progress)(Progress { file: file.name, stage, received, total });
    }

    fn bring(&mut self, file: &'static RemoteFile, source: &Source) -> Result<FetchedFile, FetchError> {
        match (self.present(file)?, source) {
            (Some(present), _) => Ok(present),
            (None, Source::Network(network)) => self.download(file, network),
            (None, Source::Folder(from)) => self.copy(file, from),
        }
    }

    /// The file, when it lies there whole. One that still holds names is emptied in place.
    fn present(&mut self, file: &'static RemoteFile) -> Result<Option<FetchedFile>, FetchError> {
        let path = self.folder.join(file.name);
        if !path.is_file() {
            return Ok(None);
        }
        let (bytes, sha256) = digest(&path)?;
        let right = file.accepted.iter().any(|accepted| accepted.sha256 == sha256);
        if right && !file.blanked.is_empty() {
            let content = read(&path)?;
            if blank(file, &path, &content)? != content {
                return self.store_content(file, &path, &content).map(Some);
            }
        }
        // The hash of an emptied file is only known from the run that emptied it.
        let emptied = !file.blanked.is_empty() && self.recorded.get(file.name) == Some(&sha256);
        if !right && !emptied {
            return Ok(None);
        }
        // A run that was cut off may have stored it and written nothing down.
        self.unnoted |= self.recorded.insert(file.name.to_owned(), sha256.clone()).as_ref() != Some(&sha256);
        self.say(file, Stage::Present, bytes, Some(bytes));
        Ok(Some(FetchedFile { name: file.name, bytes, sha256, new: false, blanked: file.blanked }))
    }

    fn download(&mut self, file: &'static RemoteFile, network: &Network) -> Result<FetchedFile, FetchError> {
        let mut first_error = None;
        for address in file.addresses {
            let result = match address {
                Address::File(public) => self.download_file(file, public, network),
                Address::Member { archive, member } => self.download_member(file, archive, member, network),
            };
            match result {
                Ok(fetched) => return Ok(fetched),
                // A full disk is not mended by another address.
                Err(error @ (FetchError::File { .. } | FetchError::Busy { .. })) => return Err(error),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Err(first_error.unwrap_or(FetchError::NeedsAccount { origin: self.origin, file }))
    }

    fn download_file(&mut self, file: &'static RemoteFile, public: &str, network: &Network) -> Result<FetchedFile, FetchError> {
        let address = network.address(public);
        let part = part_of(self.folder, file.name);
        let bytes = file.accepted.first().map_or(0, |original| original.bytes);
        let resumed = self.transfer(file, &Wanted { address: &address, part: &part, bytes: Some(bytes), limit: bytes }, network)?;
        let checked = match self.check(file, digest(&part)?, &address) {
            // The first half may stem from an older file of the server: once more from the start.
            Err(FetchError::WrongHash { .. }) if resumed => {
                transfer::discard(&part);
                self.transfer(file, &Wanted { address: &address, part: &part, bytes: Some(bytes), limit: bytes }, network)?;
                self.check(file, digest(&part)?, &address)
            }
            result => result,
        };
        let checked = checked.inspect_err(|_| transfer::discard(&part))?;
        self.store(file, &part, checked)
    }

    fn download_member(
        &mut self,
        file: &'static RemoteFile,
        public: &str,
        member: &str,
        network: &Network,
    ) -> Result<FetchedFile, FetchError> {
        let address = network.address(public);
        let name = public.rsplit('/').next().unwrap_or("archive.zip");
        let part = part_of(self.folder, name);
        if !self.archives.contains(&part) {
            // The archive's own bytes may change with every repacking; its members are checked. Packed, it is smaller than they are.
            let limit = self.origin.bytes() + (1 << 20);
            self.transfer(file, &Wanted { address: &address, part: &part, bytes: None, limit }, network)?;
            self.archives.push(part.clone());
        }
        self.say(file, Stage::Unpacking, 0, None);
        let result = match archive::unpack(&part, member, self.largest(file), self.folder) {
            Ok(Some(unpacked)) => self.check_and_store(file, unpacked.path(), &format!("{address} ({member})")),
            Ok(None) => Err(FetchError::Archive { archive: part.clone(), reason: format!("it holds no `{member}`") }),
            Err(error) => Err(error),
        };
        // A broken archive must not be resumed.
        result.inspect_err(|_| transfer::discard(&part))
    }

    fn transfer(&mut self, file: &'static RemoteFile, wanted: &Wanted, network: &Network) -> Result<bool, FetchError> {
        self.make_folder()?;
        let mut on_bytes = |received, total| {
            (self.progress)(Progress { file: file.name, stage: Stage::Receiving, received, total });
        };
        transfer::transfer(wanted, network, &mut on_bytes).map_err(|failure| match failure {
            Failure::Local(error) => error,
            Failure::Transfer(failure) => FetchError::Transfer { origin: self.origin, file, address: wanted.address.to_owned(), failure },
        })
    }

    /// Takes the file from a local folder or zip file.
    fn copy(&mut self, file: &'static RemoteFile, from: &Path) -> Result<FetchedFile, FetchError> {
        let origin = self.origin;
        let absent = || FetchError::NotThere { origin, file, folder: from.to_owned() };
        let folders = [from.to_owned(), from.join(self.origin.corpus), from.join(self.origin.corpus.replace('-', "_"))];
        if let Some(path) = folders.iter().map(|folder| folder.join(file.name)).find(|path| path.is_file()) {
            self.make_folder()?;
            let content = read(&path)?;
            self.check(file, (content.len() as u64, digest::of_bytes(&content)), &path.display().to_string())?;
            return self.store_content(file, &path, &content);
        }
        let zips = if from.is_file() { vec![from.to_owned()] } else { zip_files(from).ok_or_else(absent)? };
        for zip in zips {
            self.make_folder()?;
            if let Some(unpacked) = archive::unpack(&zip, file.name, self.largest(file), self.folder)? {
                self.say(file, Stage::Unpacking, 0, None);
                return self.check_and_store(file, unpacked.path(), &format!("{} ({})", zip.display(), file.name));
            }
        }
        Err(absent())
    }

    fn largest(&self, file: &RemoteFile) -> u64 {
        file.accepted.iter().map(|accepted| accepted.bytes).max().unwrap_or_else(|| self.origin.bytes())
    }

    fn make_folder(&self) -> Result<(), FetchError> {
        fs::create_dir_all(self.folder).map_err(|source| FetchError::File {
            path: self.folder.to_owned(),
            action: "cannot be created",
            source,
        })
    }

    /// Gives size and hash back when they are right.
    fn check(&mut self, file: &'static RemoteFile, (got_bytes, got): (u64, String), place: &str) -> Result<(u64, String), FetchError> {
        self.say(file, Stage::Checking, got_bytes, Some(got_bytes));
        if file.accepted.iter().any(|accepted| accepted.sha256 == got) {
            return Ok((got_bytes, got));
        }
        Err(FetchError::WrongHash { origin: self.origin, file, place: place.to_owned(), got, got_bytes })
    }

    fn check_and_store(&mut self, file: &'static RemoteFile, path: &Path, place: &str) -> Result<FetchedFile, FetchError> {
        let checked = self.check(file, digest(path)?, place)?;
        self.store(file, path, checked)
    }

    /// Gives a file of ours (a part, or an unpacked file) with checked size and hash its name.
    fn store(&mut self, file: &'static RemoteFile, path: &Path, (bytes, sha256): (u64, String)) -> Result<FetchedFile, FetchError> {
        if !file.blanked.is_empty() {
            let content = read(path)?;
            return self.store_content(file, path, &content);
        }
        let named = self.folder.join(file.name);
        // An unpacked file is private to this user until here; the data folder is not.
        whole::let_all_read(path);
        whole::rename(path, &named).map_err(|source| FetchError::File { path: named, action: "cannot be given its name", source })?;
        Ok(self.done(file, bytes, sha256))
    }

    /// Writes checked content under its name, name cells emptied.
    fn store_content(&mut self, file: &'static RemoteFile, from: &Path, content: &[u8]) -> Result<FetchedFile, FetchError> {
        let kept = blank(file, from, content)?;
        let path = self.folder.join(file.name);
        write_whole(&path, &kept)?;
        let sha256 = digest::of_bytes(&kept);
        Ok(self.done(file, kept.len() as u64, sha256))
    }

    fn done(&mut self, file: &'static RemoteFile, bytes: u64, sha256: String) -> FetchedFile {
        // What an earlier run, or an address that broke off, left of it.
        transfer::discard(&part_of(self.folder, file.name));
        self.recorded.insert(file.name.to_owned(), sha256.clone());
        self.stored = true;
        self.say(file, Stage::Stored, bytes, Some(bytes));
        FetchedFile { name: file.name, bytes, sha256, new: true, blanked: file.blanked }
    }

    /// Removes the archives and writes down what was stored.
    fn finish(self) -> Result<(), FetchError> {
        for archive in &self.archives {
            transfer::discard(archive);
        }
        if !self.stored && !self.unnoted {
            return Ok(());
        }
        let lines: Vec<String> = self.recorded.iter().map(|(name, sha256)| format!("{sha256}  {name}\n")).collect();
        let written = write_whole(&self.folder.join(SUMS), lines.concat().as_bytes());
        // A folder that holds all files and cannot be written to serves as it is.
        if self.stored { written } else { Ok(()) }
    }
}

fn part_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.part"))
}

fn blank(file: &RemoteFile, path: &Path, content: &[u8]) -> Result<Vec<u8>, FetchError> {
    if file.blanked.is_empty() {
        return Ok(content.to_vec());
    }
    blanking::blank(content, file.blanked).map_err(|column| FetchError::NoColumn { file: path.to_owned(), column: column.to_owned() })
}

fn read(path: &Path) -> Result<Vec<u8>, FetchError> {
    fs::read(path).map_err(|source| FetchError::File { path: path.to_owned(), action: "cannot be read", source })
}

/// Writes beside the name, then renames: a reader sees the old file or the new one.
fn write_whole(path: &Path, content: &[u8]) -> Result<(), FetchError> {
    let refused = |source: io::Error| FetchError::File { path: path.to_owned(), action: "cannot be written", source };
    let mut file = WholeFile::create(path).map_err(refused)?;
    file.write_all(content).and_then(|()| file.finish_for_all()).map_err(refused)
}

/// Size and sha256 of a file.
fn digest(path: &Path) -> Result<(u64, String), FetchError> {
    digest::of_file(path).map_err(|source| FetchError::File { path: path.to_owned(), action: "cannot be read", source })
}

fn read_sums(folder: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder.join(SUMS)).unwrap_or_default();
    text.lines().filter_map(|line| line.split_once("  ")).map(|(sha256, name)| (name.to_owned(), sha256.to_owned())).collect()
}

/// The zip files of a folder in the order of their names; `None` when the folder cannot be read.
fn zip_files(folder: &Path) -> Option<Vec<PathBuf>> {
    let mut zips: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file() && path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("zip")))
        .collect();
    zips.sort();
    Some(zips)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_for(variables: &[(&str, &str)]) -> Option<PathBuf> {
        crate::cache::folder_of(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| std::ffi::OsString::from(value)))
    }

    #[test]
    fn the_data_folder_follows_the_environment() {
        let home = ("HOME", "/home/ada");
        assert_eq!(folder_for(&[home]), Some("/home/ada/.cache/evenhand".into()));
        assert_eq!(folder_for(&[home, ("XDG_CACHE_HOME", "/fast")]), Some("/fast/evenhand".into()));
        assert_eq!(folder_for(&[home, ("XDG_CACHE_HOME", "relative")]), Some("/home/ada/.cache/evenhand".into()));
        assert_eq!(folder_for(&[home, ("XDG_CACHE_HOME", "/fast"), ("EVENHAND_DATA", "/data")]), Some("/data".into()));
        assert_eq!(folder_for(&[]), None);
    }

    #[test]
    fn both_spellings_of_a_corpus_are_known() {
        assert_eq!(origin("faircv_2020").unwrap().corpus, "faircv-2020");
        assert_eq!(
            origin("adullt").unwrap_err().to_string(),
            "no download is known for `adullt`; did you mean `adult`?; known are adult, compas, german, utrecht-recruitment, \
             faircv-2020, first-impressions; `synthetic` is built in and `table` reads files of your own"
        );
    }

    #[test]
    fn the_folder_of_a_corpus_is_the_one_that_exists() {
        let root = tempfile::tempdir().unwrap();
        assert_eq!(corpus_folder(root.path(), "faircv_2020"), root.path().join("faircv-2020"));
        fs::create_dir(root.path().join("faircv_2020")).unwrap();
        assert_eq!(corpus_folder(root.path(), "faircv-2020"), root.path().join("faircv_2020"));
    }
}
