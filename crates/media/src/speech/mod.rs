//! What was said: transcripts from files or from a recogniser that the user names.
//!
//! A transcript beside the recording is the normal case; [`Recogniser`] runs a program where there is none. [`quality`] says when a
//! transcript should rather be treated as missing. Texts are kept as spoken: nothing is corrected, and the repeated lines of rolling
//! subtitles stay.
//!
//! ```text
//! format   recognised by                                            words            confidence
//! text     anything else                                            -                -
//! srt      a timing line with a number before it                    -                -
//! vtt      first line WEBVTT                                        -                -
//! whisper  JSON: `transcription` (whisper.cpp -oj, -ojf),           where there      per word: p of its tokens (-ojf) or
//!          `segments` (verbose_json, openai-whisper), only `text`   are any          probability; else exp(avg_logprob) per segment
//! vosk     JSON: `result`, `alternatives`, `partial`                yes              `conf` per word
//! google   JSON: a list `results` (Speech-to-Text v1)               where asked for  per word, else per result; 0 means unknown
//! aws      JSON: an object `results` (Transcribe)                   yes              per word
//! ctm      ending .ctm: file channel start length word [conf]       yes              last column
//! ```
//!
//! Times are seconds from the start of the recording. A word that ends before it begins gets length 0; a negative time or one that is
//! not a number is an error. A confidence outside [0, 1] is no probability and is left out. Files are UTF-8 with or without a mark, or
//! UTF-16 with one, with any line ends. Ceilings of their sizes stand in `evenhand_catalog::limits`: a file that was made to
//! exhaust the machine takes less than five seconds and 300 MB before it is refused.

mod ctm;
mod json;
pub mod quality;
mod recogniser;
mod subtitles;

use std::io::Read;
use std::path::Path;

pub use recogniser::Recogniser;

use evenhand_catalog::limits::{Limit, TRANSCRIPT_BYTES, TRANSCRIPT_TEXT, TRANSCRIPT_WORDS};

use crate::MediaError;

/// What was said in a recording.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Transcript {
    /// The text; empty where nothing was said or heard.
    pub text: String,
    /// The language as the recogniser names it (`en`, `en-US`, `english`), where it says so.
    pub language: Option<String>,
    /// Words with times, where the recogniser gives them.
    pub words: Vec<Word>,
    /// Mean confidence of the words, or else of the segments, 0 to 1.
    pub confidence: Option<f64>,
}

/// A word and when it was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// As written by the recogniser, without blanks around it.
    pub word: String,
    /// Start in seconds, 0 or more.
    pub start: f64,
    /// End in seconds, at or after the start.
    pub end: f64,
    /// 0 to 1.
    pub confidence: Option<f64>,
}

/// Ways to write a transcript.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Plain text, also with `[start --> end]` before each line as whisper.cpp prints it.
    Text,
    /// `SubRip` subtitles.
    Srt,
    /// `WebVTT` subtitles.
    Vtt,
    /// JSON of whisper.cpp, of OpenAI's interface (json, verbose_json) and of openai-whisper.
    Whisper,
    /// JSON of Vosk: one result, a list of them, or one after the other.
    Vosk,
    /// JSON of Google Speech-to-Text v1.
    Google,
    /// JSON of Amazon Transcribe.
    Aws,
    /// Time-marked words of NIST's scoring tools.
    Ctm,
}

/// Why a file is no transcript: a sentence whose subject is the file.
#[derive(Debug, PartialEq)]
struct Flaw(String);

/// Refuses what is larger than any transcript.
fn within(limit: &Limit, given: u64) -> Result<(), Flaw> {
    limit.check(given).map_err(|error| Flaw(format!("is no transcript: {error}")))
}

/// Refuses words that are longer than any transcript, wherever they come from.
pub(crate) fn check_text(text: &str) -> Result<(), String> {
    within(&TRANSCRIPT_TEXT, text.len() as u64).map_err(|Flaw(problem)| problem)
}

/// Reads a transcript; without a format, the file's ending and content tell it.
pub fn read(path: &Path, format: Option<Format>) -> Result<Transcript, MediaError> {
    let unreadable = |source| MediaError::Io { action: "reading", path: path.to_owned(), source };
    let bad = |Flaw(problem)| MediaError::BadFile {
        path: path.to_owned(),
        problem,
        remedy: "correct the file, export the transcript again, or leave it out".to_owned(),
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    within(&TRANSCRIPT_BYTES, file.metadata().map_err(unreadable)?.len()).map_err(bad)?;
    // It may grow.
    file.take(TRANSCRIPT_BYTES.most() + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    parse(&bytes, &ending, format).map_err(bad)
}

fn parse(bytes: &[u8], ending: &str, format: Option<Format>) -> Result<Transcript, Flaw> {
    within(&TRANSCRIPT_BYTES, bytes.len() as u64)?;
    let text = decoded(bytes)?;
    let transcript = understood(&text, ending, format)?;
    within(&TRANSCRIPT_TEXT, transcript.text.len() as u64)?;
    within(&TRANSCRIPT_WORDS, transcript.words.len() as u64)?;
    Ok(transcript)
}

fn understood(text: &str, ending: &str, format: Option<Format>) -> Result<Transcript, Flaw> {
    if let Some(format) = format {
        return parse_as(text, format);
    }
    if text.trim().is_empty() {
        return Ok(Transcript::default());
    }
    if ending == "json" || (text.trim_start().starts_with('{') && ending != "srt" && ending != "vtt") {
        let documents = json::documents(text)?;
        return json::read(&documents, json::format_of(&documents)?);
    }
    parse_as(text, format_of(text, ending))
}

fn parse_as(text: &str, format: Format) -> Result<Transcript, Flaw> {
    Ok(match format {
        Format::Text => spoken(subtitles::without_timings(text)),
        Format::Srt => spoken(subtitles::srt(text)?),
        Format::Vtt => spoken(subtitles::vtt(text)?),
        Format::Ctm => ctm::read(text)?,
        Format::Whisper | Format::Vosk | Format::Google | Format::Aws => json::read(&json::documents(text)?, format)?,
    })
}

fn spoken(text: String) -> Transcript {
    Transcript { text, ..Transcript::default() }
}

fn format_of(text: &str, ending: &str) -> Format {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let numbered = first.bytes().all(|byte| byte.is_ascii_digit()) && second.contains("-->");
    if first == "WEBVTT" || first.starts_with("WEBVTT ") || first.starts_with("WEBVTT\t") || ending == "vtt" {
        Format::Vtt
    } else if numbered || ending == "srt" {
        Format::Srt
    } else if ending == "ctm" {
        Format::Ctm
    } else {
        Format::Text
    }
}

/// Text with line ends `\n` and without a byte-order mark.
fn decoded(bytes: &[u8]) -> Result<String, Flaw> {
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf_16(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf_16(rest, u16::from_be_bytes)?,
        _ => {
            let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
            match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                // whisper.cpp writes tokens that are parts of a character; the text of the segments is whole.
                Err(_) if json::is_whisper_cpp(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Err(error) => {
                    let place = error.valid_up_to();
                    let line = bytes[..place].split(|byte| *byte == b'\n').count();
                    return Err(Flaw(format!("is not UTF-8 text: line {line}, byte {} of the file is 0x{:02X}", place + 1, bytes[place])));
                }
            }
        }
    };
    if let Some(place) = text.find('\0') {
        return Err(Flaw(format!("holds a zero byte at byte {} and is no text file", place + 1)));
    }
    if !text.contains('\r') {
        return Ok(text);
    }
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, Flaw> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let text: Result<String, _> = char::decode_utf16(pairs.iter().copied().map(unit)).collect();
    match text {
        Ok(text) if rest.is_empty() => Ok(text),
        _ => Err(Flaw("begins as UTF-16 text but is not".to_owned())),
    }
}

/// Parts of a text joined by blanks, each with single blanks.
fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for word in parts.into_iter().flat_map(str::split_whitespace) {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

fn probability(value: f64) -> Option<f64> {
    (0.0..=1.0).contains(&value).then_some(value)
}

impl Word {
    /// A word at a place of the file that can be named, `word 3` or `line 3`.
    fn checked(word: &str, start: f64, end: f64, confidence: Option<f64>, place: impl Fn() -> String) -> Result<Word, Flaw> {
        if !(start.is_finite() && end.is_finite() && start >= 0.0) {
            return Err(Flaw(format!("gives the times {start} to {end} s at {}", place())));
        }
        Ok(Word { word: word.trim().to_owned(), start, end: end.max(start), confidence: confidence.and_then(probability) })
    }
}

impl Transcript {
    fn of_words(words: Vec<Word>) -> Self {
        let confidence = mean(words.iter().filter_map(|word| word.confidence));
        Transcript { text: joined(words.iter().map(|word| word.word.as_str())), language: None, words, confidence }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn broken_files_are_errors_and_never_panics() {
        let seeds: [(&str, &[u8]); 6] = [
        ("srt", "1\n00:00:00,000 --> 00:00:02,500\n<i>Tom &amp; 일</i> {\\an8}\n\n".as_bytes()),
        ("vtt", "WEBVTT\n\nNOTE x\n\na\n00:00.000 --> 00:02.000\n<v 한>&#39;\n".as_bytes()),
        ("ctm", b"a A 0.1 0.2 word 0.5\n"),
        ("json", "{\"transcription\":[{\"text\":\" 일\",\"tokens\":[{\"text\":\" a\",\"offsets\":{\"from\":1,\"to\":2},\"p\":1}]}]}".as_bytes()),
        ("txt", "[00:00:00.000 --> 00:00:01.000] 일".as_bytes()),
        ("json", b"{\"results\":[{\"alternatives\":[{\"transcript\":\"a\",\"words\":[{\"word\":\"a\",\"startTime\":\"1s\",\"endTime\":\"2s\"}]}]}]}"),
    ];
        let (mut read, mut refused) = (0, 0);
        for (ending, bytes) in seeds {
            assert!(parse(bytes, ending, None).is_ok(), "{ending}");
            for cut in 0..bytes.len() {
                for replacement in [None, Some(b'<'), Some(b'&'), Some(b'['), Some(b'\n'), Some(0xE3), Some(b'"')] {
                    let mut damaged = bytes.to_vec();
                    match replacement {
                        None => damaged.truncate(cut),
                        Some(byte) => damaged[cut] = byte,
                    }
                    match parse(&damaged, ending, None) {
                        Ok(transcript) => {
                            read += 1;
                            assert!(transcript.words.iter().all(|word| word.start >= 0.0 && word.end >= word.start));
                        }
                        Err(flaw) => {
                            refused += 1;
                            assert!(flaw.0.len() > 10, "{}", flaw.0);
                        }
                    }
                }
            }
        }
        assert!(read > 500 && refused > 500, "{read} and {refused}");
    }
}
