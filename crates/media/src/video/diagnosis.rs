//! From the end of a program to the reason a recording cannot be used.

use std::path::Path;

use super::sandbox::{Ending, Stopped};
use crate::{Failure, MediaError, Reason, StepError};

/// Longest quotation of a message, in characters.
const QUOTED: usize = 160;

/// Phrases of ffmpeg and ffprobe (4.2 to 8), the first that occurs decides.
const PHRASES: [(&str, Reason); 15] = [
    ("moov atom not found", Reason::IncompleteUpload),
    ("format not on whitelist", Reason::FormatRefused),
    ("protocol not on whitelist", Reason::FormatRefused),
    ("exceeds max_streams", Reason::FormatRefused),
    ("not on whitelist", Reason::CodecRefused),
    ("exceeds specified max pixel count", Reason::TooManyPixels),
    ("cannot allocate memory", Reason::MemoryLimit),
    ("bad_alloc", Reason::MemoryLimit),
    ("error allocating", Reason::MemoryLimit),
    ("get_buffer() failed", Reason::MemoryLimit),
    ("failed to map segment", Reason::MemoryLimit),
    ("permission denied", Reason::NoSuchFile),
    ("no such file", Reason::NoSuchFile),
    ("ebml header parsing failed", Reason::NotARecording),
    ("invalid data found when processing input", Reason::NotARecording),
];

/// What a program's end says about the recording. `otherwise`: the reason where no message tells one.
pub(super) fn failure(ending: &Ending, recording: &Path, otherwise: Reason) -> Failure {
    match (ending.stopped, ending.signal, ending.code) {
        (Some(Stopped::Wall), _, _) => return Failure::new(Reason::TimeLimit, "wall-clock time"),
        (Some(Stopped::Output), _, _) => return Failure::new(Reason::TooLong, "more output than a recording within the limits has"),
        // 24: processor time is used up (the same number on Linux and macOS). ffmpeg catches it, stops early and exits with 255.
        (None, Some(24), _) | (None, None, Some(255)) => return Failure::new(Reason::TimeLimit, "processor time"),
        // The kernel's last means against both, and it does not say against which.
        (None, Some(9), _) => {
            return Failure::new(Reason::MemoryLimit, "killed by the system: out of memory, or far over the limit of processor time");
        }
        _ => {}
    }
    let complaints: Vec<&String> = ending.messages.iter().filter(|line| !is_remark(line)).collect();
    let find = |phrase: &str| complaints.iter().find(|line| line.to_ascii_lowercase().contains(phrase));
    for (phrase, reason) in PHRASES {
        if let Some(line) = find(phrase) {
            return Failure::new(reason, quotation(line, recording));
        }
    }
    let said = complaints.last().map_or_else(String::new, |line| quotation(line, recording));
    let detail = match (ending.signal, said.is_empty()) {
        (Some(signal), true) => format!("the decoder crashed with signal {signal}"),
        (Some(signal), false) => format!("the decoder crashed with signal {signal} after saying: {said}"),
        (None, _) => said,
    };
    Failure::new(otherwise, detail)
}

/// Whether a line tells of something that could not be read, where lines carry their level.
pub(super) fn is_complaint(line: &str) -> bool {
    ["[error]", "[fatal]"].iter().any(|level| line.contains(level))
}

/// A failure of the machine, not of the recording: no place for the working folder, no further process, a program that is gone.
pub(super) fn unstarted(program: &Path, error: &std::io::Error) -> StepError {
    StepError::Machine(MediaError::Program {
        program: program.display().to_string(),
        problem: format!("could not be started ({error})"),
        remedy: "make room for temporary files, let other work end, or install the program again".to_owned(),
    })
}

/// Lines of a level below a warning, where lines carry their level.
fn is_remark(line: &str) -> bool {
    ["[info]", "[verbose]", "[debug]"].iter().any(|level| line.contains(level))
}

/// A message without what differs from run to run (addresses) or names the place of the file.
pub(super) fn quotation(line: &str, recording: &Path) -> String {
    let path = recording.to_string_lossy();
    let mut text = line.replace(&format!("file:{path}"), "the file");
    if path.len() > 1 {
        text = text.replace(&*path, "the file");
    }
    while let Some(start) = text.find(" @ 0x") {
        let digits = text[start + 5..].chars().take_while(char::is_ascii_hexdigit).count();
        text.replace_range(start..start + 5 + digits, "");
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(QUOTED) {
        Some((at, _)) => format!("{}...", &text[..at]),
        None => text,
    }
}
