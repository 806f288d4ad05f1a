//! Time-marked words, one a line: `file channel start length word [confidence]`.
//!
//! Times in seconds. Lines that begin with `;;` are remarks. Errors, with the line: fewer than five columns, a time or a confidence
//! that is no number (so alternatives, `<ALT_BEGIN>`, are refused), more than one recording or channel, which would mix two speakers.
//! Source: NIST's Scoring Toolkit (sctk), ctm format.

use evenhand_catalog::limits::TRANSCRIPT_WORDS;

use super::{Flaw, Transcript, Word, within};

pub(super) fn read(text: &str) -> Result<Transcript, Flaw> {
    let mut words = Vec::new();
    let mut recording = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(";;") {
            continue;
        }
        let columns: Vec<&str> = line.split_whitespace().take(7).collect();
        let [file, channel, start, length, word, rest @ ..] = columns.as_slice() else {
            return Err(Flaw(format!("has {} columns on line {number}; CTM has at least 5", columns.len())));
        };
        if *recording.get_or_insert((*file, *channel)) != (*file, *channel) {
            return Err(Flaw(format!(
                "goes over to recording `{file}`, channel `{channel}` on line {number}; a transcript has one of each"
            )));
        }
        let parse = |what: &str, value: &str| {
            value.parse::<f64>().map_err(|_| Flaw(format!("has `{value}` for the {what} on line {number}, which is no number")))
        };
        let (start, length) = (parse("start", start)?, parse("length", length)?);
        let confidence = rest.first().map(|value| parse("confidence", value)).transpose()?;
        within(&TRANSCRIPT_WORDS, words.len() as u64 + 1)?;
        words.push(Word::checked(word, start, start + length, confidence, || format!("line {number}"))?);
    }
    Ok(Transcript::of_words(words))
}
