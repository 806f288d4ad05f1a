//! A speech recogniser as a program that the user names.
//!
//! ```text
//! whisper-cli -m model.bin -f {wav} -l {language} -oj -of {out}
//! ```
//!
//! The command is cut into words as a shell does it, without a shell: blanks separate, `'...'` is literal, `"..."` knows `\"` and
//! `\\`, and elsewhere `\` keeps the next character. Variables, patterns, pipes and redirections mean nothing. In each word, then,
//!
//! - `{wav}` (required) becomes the full path of the sound,
//! - `{out}` a path without ending in a fresh, empty folder,
//! - `{language}` the language, `auto` where none is given.
//!
//! A path with blanks therefore stays one word. The program runs in the caller's folder with the caller's environment, without
//! input, in a process group of its own (Unix). At the time limit, and also when the program has ended, the whole group is killed, so
//! nothing it started is left behind; elsewhere only the program itself is killed. The group also ends when this process is killed (a shell in
//! it waits for that), and on Linux the program itself without a shell. Otherwise it is as free as any program of the user's.
//!
//! The transcript is the first that exists of `{out}.json`, `{out}.srt`, `{out}.vtt`, `{out}.txt`, `{out}`; where `{out}` has become a
//! folder, its first file with one of these endings, in that order and by name; and otherwise what was printed. A program that
//! writes nothing at all has failed; blanks are an empty transcript.
//!
//! Failures of the recording: time limit, exit status other than 0 (with the last printed errors, less control characters, the two
//! paths as the placeholders they stand for), no transcript or one that cannot be read. Everything else is the machine's or the
//! setting's, and would meet every recording: a program that cannot be started, a temporary folder that cannot be written, quotes that
//! are not closed, a missing `{wav}`, a limit of 0.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::{Transcript, parse};
use evenhand_catalog::limits::TRANSCRIPT_BYTES;

use crate::group::Group;
use crate::{Failure, MediaError, Reason, StepError, video};

const ENDINGS: [&str; 4] = ["json", "srt", "vtt", "txt"];
const TAIL_BYTES: u64 = 4_096;
const TAIL_CHARACTERS: usize = 400;

/// A command that turns sound into a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recogniser {
    /// The command with its placeholders.
    pub command: String,
    /// Longest run time for one recording.
    pub limit: Duration,
}

impl Recogniser {
    /// Whether the settings make sense; [`Recogniser::transcribe`] asks by itself. The program is not run.
    pub fn check(&self) -> Result<(), MediaError> {
        self.words().map(|_| ())
    }

    /// Files that the command names: a program by its path, a model. A word may name one behind a `=`.
    pub fn files(&self) -> Vec<PathBuf> {
        let words = split(&self.command).unwrap_or_default();
        words.iter().map(|word| PathBuf::from(named(word))).filter(|path| path.is_file()).collect()
    }

    /// The command with files and folders of this machine by their names alone.
    pub fn described(&self) -> String {
        let words = split(&self.command).unwrap_or_default();
        let plain = words.iter().map(|word| {
            let plain = placeless(word).map_or_else(|| word.clone(), |name| word.replace(named(word), &name));
            if plain.contains(char::is_whitespace) || plain.is_empty() { format!("'{plain}'") } else { plain }
        });
        plain.collect::<Vec<_>>().join(" ")
    }

    /// Runs the command on a WAV file.
    pub fn transcribe(&self, wav: &Path, language: Option<&str>) -> Result<Transcript, StepError> {
        let words = self.words().map_err(StepError::Machine)?;
        let failed = |action, path: &Path| {
            let path = path.to_owned();
            move |source| StepError::Machine(MediaError::Io { action, path, source })
        };
        let folder = tempfile::tempdir().map_err(failed("writing", &std::env::temp_dir()))?;
        let wav = std::path::absolute(wav).map_err(failed("reading", wav))?;
        if !wav.is_file() {
            return Err(failed("reading", &wav)(std::io::ErrorKind::NotFound.into()));
        }
        // Apart from the folder of `{out}`, which a program may list.
        let out_folder = folder.path().join("out");
        let out = out_folder.join("transcript");
        let (printed, errors) = (folder.path().join("printed"), folder.path().join("errors"));
        let write = |path: &Path| File::create_new(path).map_err(failed("writing", path));
        std::fs::create_dir(&out_folder).map_err(failed("writing", &out_folder))?;
        let replaced: Vec<std::ffi::OsString> = words.iter().map(|word| replaced(word, &wav, &out, language.unwrap_or("auto"))).collect();
        let mut places = vec![(wav, "{wav}".to_owned()), (out.clone(), "{out}".to_owned())];
        places.push((folder.path().to_owned(), "{folder}".to_owned()));
        places.extend(words.iter().filter_map(|word| Some((named(word).into(), placeless(word)?))));
        let run = Run { program: &words[0], limit: self.limit, printed: &printed, errors: &errors, out: &out, places };
        let mut command = Command::new(&replaced[0]);
        command.args(&replaced[1..]).stdin(Stdio::null()).stdout(write(&printed)?).stderr(write(&errors)?);
        video::end_with_parent(&mut command);
        let status = run.finish(command)?;
        if !status.success() {
            return Err(run.failed(format!("ended with {status}{}", run.tail()), "run the command by hand on the recording"));
        }
        run.transcript()
    }

    fn words(&self) -> Result<Vec<String>, MediaError> {
        let bad = |expected: &str| MediaError::BadSetting {
            setting: "recogniser command",
            value: format!("`{}`", self.command),
            expected: expected.to_owned(),
        };
        let words = split(&self.command).ok_or_else(|| bad("a command whose quotes are closed"))?;
        if words.first().is_none_or(String::is_empty) {
            return Err(bad("a program and its arguments"));
        }
        if !words.iter().skip(1).any(|word| word.contains("{wav}")) {
            return Err(bad("a command with `{wav}` where the program takes the sound file"));
        }
        if self.limit.is_zero() {
            return Err(MediaError::BadSetting {
                setting: "recogniser time limit",
                value: "0 s".to_owned(),
                expected: "more than 0 s".to_owned(),
            });
        }
        Ok(words)
    }
}

/// What may be a path in a word: the whole, or what stands behind the `=` of an option.
fn named(word: &str) -> &str {
    match word.split_once('=') {
        Some((option, path)) if option.starts_with('-') => path,
        _ => word,
    }
}

/// The name of what a word names, where that exists.
fn placeless(word: &str) -> Option<String> {
    let path = Path::new(named(word));
    path.file_name().filter(|_| path.exists()).map(|name| name.to_string_lossy().into_owned())
}

/// Words of a command; `None` where a quote is not closed or a `\` ends it.
fn split(command: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    // Quotes make a word even where they are empty.
    let mut word: Option<String> = None;
    let mut characters = command.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        '\'' => break,
                        other => word.push(other),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match characters.next()? {
                        '"' => break,
                        '\\' => match characters.next()? {
                            escaped @ ('"' | '\\') => word.push(escaped),
                            other => word.extend(['\\', other]),
                        },
                        other => word.push(other),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(characters.next()?),
            blank if blank.is_whitespace() => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    Some(words)
}

/// A word with its placeholders replaced, in one pass, so that braces in a path stay what they are.
fn replaced(word: &str, wav: &Path, out: &Path, language: &str) -> std::ffi::OsString {
    let mut result = std::ffi::OsString::new();
    let mut rest = word;
    while let Some(open) = rest.find('{') {
        result.push(&rest[..open]);
        rest = &rest[open..];
        let (name, value) = if rest.starts_with("{wav}") {
            ("{wav}", wav.as_os_str())
        } else if rest.starts_with("{out}") {
            ("{out}", out.as_os_str())
        } else if rest.starts_with("{language}") {
            ("{language}", language.as_ref())
        } else {
            ("{", "{".as_ref())
        };
        result.push(value);
        rest = &rest[name.len()..];
    }
    result.push(rest);
    result
}

struct Run<'a> {
    program: &'a str,
    limit: Duration,
    printed: &'a Path,
    errors: &'a Path,
    out: &'a Path,
    /// What is called otherwise in a message that is kept: folders have another name in every run and on every machine.
    places: Vec<(PathBuf, String)>,
}

impl Run<'_> {
    /// What went wrong on this recording.
    fn failed(&self, problem: String, remedy: &str) -> StepError {
        let program = placeless(self.program).unwrap_or_else(|| self.program.to_owned());
        let error = MediaError::Program { program, problem, remedy: remedy.to_owned() };
        Failure::new(Reason::RecogniserFailed, error.to_string()).into()
    }

    /// What goes wrong on every recording.
    fn broken(&self, problem: String, remedy: &str) -> StepError {
        StepError::Machine(MediaError::Program { program: self.program.to_owned(), problem, remedy: remedy.to_owned() })
    }

    fn finish(&self, mut command: Command) -> Result<ExitStatus, StepError> {
        let mut group = Group::guarded(&mut command).map_err(|error| {
            self.broken(format!("could not be started: {error}"), "install it or give its full path in the recogniser command")
        })?;
        let unwatched = |error: std::io::Error| self.broken(format!("could not be watched: {error}"), "try again");
        let start = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            if group.has_ended().map_err(unwatched)? {
                return group.end().map_err(unwatched);
            }
            let left = self.limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                drop(group);
                return Err(self.failed(
                    format!("did not end within {:.1} s and was stopped{}", self.limit.as_secs_f64(), self.tail()),
                    "raise the time limit, or take a smaller model",
                ));
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(Duration::from_millis(50));
        }
    }

    /// The last printed errors, as the end of a sentence.
    fn tail(&self) -> String {
        let mut bytes = Vec::new();
        let read = File::open(self.errors).and_then(|mut file| {
            let length = file.metadata()?.len();
            file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
            file.take(TAIL_BYTES).read_to_end(&mut bytes)
        });
        let mut text = String::from_utf8_lossy(&bytes).into_owned();
        for (path, name) in &self.places {
            text = text.replace(&*path.to_string_lossy(), name);
        }
        let text = printable(&text);
        if read.is_err() || text.is_empty() { String::new() } else { format!("; it printed: {text}") }
    }

    fn transcript(&self) -> Result<Transcript, StepError> {
        let (path, what) = match written(self.out) {
            Some(path) => (path, "wrote"),
            None => (self.printed.to_owned(), "printed"),
        };
        let mut bytes = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(TRANSCRIPT_BYTES.most() + 1).read_to_end(&mut bytes))
            .map_err(|error| self.failed(format!("{what} a transcript that cannot be opened: {error}"), "run the command by hand"))?;
        if what == "printed" && bytes.is_empty() {
            return Err(self.failed(
                format!("wrote no transcript{}", self.tail()),
                "let it write to `{out}` (with the ending json, srt, vtt or txt) or print the text",
            ));
        }
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        parse(&bytes, ending, None)
            .map_err(|flaw| self.failed(format!("{what} a transcript that {}", flaw.0), "check the options for its output"))
    }
}

fn written(out: &Path) -> Option<PathBuf> {
    let named = ENDINGS.iter().map(|ending| out.with_extension(ending)).chain([out.to_owned()]).find(|path| path.is_file());
    named.or_else(|| {
        let mut inside: Vec<PathBuf> = std::fs::read_dir(out).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
        inside.sort();
        let ends = |path: &Path, ending: &str| path.is_file() && path.extension().is_some_and(|found| found == ending);
        ENDINGS.iter().find_map(|ending| inside.iter().find(|path| ends(path, ending)).cloned())
    })
}

/// The end of a text on one line, without control characters, terminal sequences and marks that turn the direction of writing.
fn printable(text: &str) -> String {
    let mut plain = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\u{1B}' if characters.peek() == Some(&'[') => {
                characters.next();
                // Parameters, up to the letter that ends the sequence.
                while characters.next_if(|next| ('\u{20}'..='\u{3F}').contains(next)).is_some() {}
                characters.next();
            }
            '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | char::REPLACEMENT_CHARACTER => {}
            character if character.is_whitespace() => plain.push(' '),
            character if character.is_control() => {}
            character => plain.push(character),
        }
    }
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let count = line.chars().count();
    if count <= TAIL_CHARACTERS { line } else { format!("… {}", line.chars().skip(count - TAIL_CHARACTERS).collect::<String>()) }
}
