//! Files packed with gzip or zip, unpacked with a ceiling.
//!
//! A small file may unfold into more than any memory holds. What comes out is counted while it comes, and whoever reads it is stopped at
//! [`UNPACKED_BYTES`], or earlier where so much comes out of so little that it cannot be a table.

use std::io::{self, Cursor, Read};

use evenhand_catalog::limits::{FREE_BYTES, UNPACKED_BYTES, UNPACKED_RATIO, check_unfolding};

use crate::DataError;

use super::kind::{Kind, of_members};

/// Why a packed file was not unfolded, as far as `out` bytes of `packed` tell.
fn too_much(packed: u64, out: u64) -> Option<String> {
    check_unfolding(out, packed).err().map(|limit| format!("it unfolds too far: {limit}"))
}

/// Counts what is read and stops at the ceiling.
#[derive(Debug)]
pub(crate) struct Ceiling<R> {
    inner: R,
    packed: u64,
    out: u64,
}

impl<R> Ceiling<R> {
    pub(crate) fn new(inner: R, packed: u64) -> Self {
        Ceiling { inner, packed, out: 0 }
    }
}

impl<R: Read> Read for Ceiling<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.out += count as u64;
        match too_much(self.packed, self.out) {
            Some(reason) => Err(io::Error::other(reason)),
            None => Ok(count),
        }
    }
}

/// What comes out of a gzip file.
pub(crate) fn gunzip<R: Read>(packed: R, bytes: u64) -> Ceiling<flate2::read::MultiGzDecoder<R>> {
    Ceiling::new(flate2::read::MultiGzDecoder::new(packed), bytes)
}

/// Bytes to make room for before a gzip file is unpacked: what its last four bytes say, as far as that can be.
pub(crate) fn said_size(last: [u8; 4], packed: u64) -> usize {
    let most = UNPACKED_RATIO.most().saturating_mul(packed).max(FREE_BYTES).min(UNPACKED_BYTES.most());
    u64::from(u32::from_le_bytes(last)).min(most) as usize
}

/// The error for a packed file that cannot be unpacked.
pub(crate) fn refused(file: &str, error: &io::Error) -> DataError {
    let reason = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => error.to_string(),
    };
    DataError::NotUnpacked { file: file.to_owned(), reason }
}

/// What a zip archive holds.
#[derive(Debug)]
pub(crate) enum Member {
    /// A workbook, whose members were looked at.
    Workbook,
    /// The bytes of the only file.
    File(Vec<u8>),
}

/// Looks into a zip archive.
pub(crate) fn unzip(file: &str, bytes: &[u8]) -> Result<Member, DataError> {
    let broken = |error: zip::result::ZipError| DataError::NotUnpacked { file: file.to_owned(), reason: error.to_string() };
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    let names: Vec<String> =
        archive.file_names().map(|name| name.map(std::borrow::Cow::into_owned)).collect::<Result<_, _>>().map_err(broken)?;
    if let Some(Kind::Other(what, remedy)) = of_members(&names.iter().map(String::as_str)) {
        return Err(DataError::OtherKind { file: file.to_owned(), what: what.to_owned(), remedy: remedy.to_owned() });
    }
    if names.iter().any(|name| name == "xl/workbook.xml") {
        // Its reader unfolds what it needs without counting, so everything is counted once before.
        let mut packed = 0;
        let mut out = 0;
        for index in 0..archive.len() {
            let member = archive.by_index(index).map_err(broken)?;
            packed += member.compressed_size();
            let left = UNPACKED_BYTES.most().saturating_sub(out).saturating_add(1);
            out += io::copy(&mut Ceiling::new(member, bytes.len() as u64).take(left), &mut io::sink())
                .map_err(|error| refused(file, &error))?;
            if let Some(reason) = too_much(packed.min(bytes.len() as u64), out) {
                return Err(DataError::NotUnpacked { file: file.to_owned(), reason });
            }
        }
        return Ok(Member::Workbook);
    }
    // Folders, and what macOS and Windows add on their own, are no files of the person.
    let own = |name: &&String| {
        let last = name.rsplit('/').next().unwrap_or_default();
        !name.ends_with('/') && !name.starts_with("__MACOSX/") && !last.starts_with('.') && last != "Thumbs.db"
    };
    let files: Vec<&String> = names.iter().filter(own).collect();
    let [only] = files.as_slice() else {
        let mut shown: Vec<String> = files.iter().take(10).map(|name| format!("`{name}`")).collect();
        shown.sort();
        let more = if files.len() > 10 { format!(" and {} more", files.len() - 10) } else { String::new() };
        let what = if files.is_empty() {
            "an archive without a file".to_owned()
        } else {
            format!("an archive of several files ({}{more})", shown.join(", "))
        };
        let remedy = "unpack it and name the files that belong together, or pack one alone".to_owned();
        return Err(DataError::OtherKind { file: file.to_owned(), what, remedy });
    };
    let member = archive.by_name(only).map_err(broken)?;
    let packed = member.compressed_size().min(bytes.len() as u64);
    let mut unpacked = Vec::new();
    Ceiling::new(member, packed).read_to_end(&mut unpacked).map_err(|error| refused(file, &error))?;
    Ok(Member::File(unpacked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn the_only_file_of_an_archive_is_taken_and_several_are_named() {
        let one = archive(&[("folder/", b""), ("folder/x.csv", b"a,b\n"), ("__MACOSX/._x.csv", b"?")]);
        assert!(matches!(unzip("x.zip", &one).unwrap(), Member::File(bytes) if bytes == b"a,b\n"));
        let two = archive(&[("x.csv", b"a"), ("y.csv", b"b")]);
        let told = unzip("x.zip", &two).unwrap_err().to_string();
        assert!(told.contains("`x.csv`, `y.csv`"), "{told}");
    }

    #[test]
    fn what_unfolds_without_end_is_stopped() {
        let zeros = vec![0; (FREE_BYTES + (1 << 20)) as usize];
        let told = unzip("x.zip", &archive(&[("x.csv", &zeros)])).unwrap_err().to_string();
        assert!(told.contains("the limit `unpacked-ratio` allows, 600"), "{told}");
        let told = unzip("x.xlsx", &archive(&[("xl/workbook.xml", &zeros)])).unwrap_err().to_string();
        assert!(told.contains("the limit `unpacked-ratio` allows, 600"), "{told}");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(&zeros).unwrap();
        let packed = packed.finish().unwrap();
        let told = gunzip(packed.as_slice(), packed.len() as u64).read_to_end(&mut Vec::new()).unwrap_err().to_string();
        assert!(told.contains("the limit `unpacked-ratio` allows, 600"), "{told}");
    }
}
