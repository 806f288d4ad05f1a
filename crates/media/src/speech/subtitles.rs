//! The text of SubRip (SRT) and WebVTT subtitles.
//!
//! ```text
//! SRT   [number] / hh:mm:ss,mmm --> hh:mm:ss,mmm [position] / text lines / blank line
//! VTT   WEBVTT [title] / header / blank line / then blocks: NOTE, STYLE, REGION, or [name] / [hh:]mm:ss.mmm --> ... [settings] / text
//! ```
//!
//! Numbers, names, times, settings, remarks and style sheets are dropped. Of the text, tags (`<i>`, `<v Name>`, `<00:00:01.000>`,
//! `{\an8}` in SRT) are dropped and HTML character references resolved. A `<` that begins no tag stays. Cues are joined by blanks, in
//! file order. Speakers' names are dropped with their tags.
//!
//! Errors, with the line: a timing that cannot be read, text outside a cue, a VTT file without its first line.
//! Source: W3C WebVTT; SubRip has no standard, commas and points are both read.

use super::{Flaw, joined};

pub(super) fn srt(text: &str) -> Result<String, Flaw> {
    let mut lines = (1..).zip(text.lines()).peekable();
    let mut said = String::new();
    let mut inside = false;
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        let next_is_timing = lines.peek().is_some_and(|(_, next)| next.contains("-->"));
        if line.contains("-->") {
            check_timing(line, number)?;
            inside = true;
        } else if line.is_empty() {
            inside = false;
        } else if next_is_timing && line.bytes().all(|byte| byte.is_ascii_digit()) {
            // A number begins the next cue, also where the blank line before it is missing.
            inside = false;
        } else if inside {
            spoken(line, true, &mut said);
        } else {
            return Err(Flaw(format!("has text outside a subtitle on line {number}: a number or `00:00:00,000 --> 00:00:00,000` is due")));
        }
    }
    Ok(joined([said.as_str()]))
}

pub(super) fn vtt(text: &str) -> Result<String, Flaw> {
    #[derive(PartialEq)]
    enum Place {
        Between,
        Skipped,
        Cue,
    }
    let mut lines = (1..).zip(text.lines()).peekable();
    match lines.next() {
        Some((_, first)) if first.trim_end() == "WEBVTT" || first.starts_with("WEBVTT ") || first.starts_with("WEBVTT\t") => {}
        _ => return Err(Flaw("does not begin with `WEBVTT` on line 1".to_owned())),
    }
    let mut said = String::new();
    // The header ends at the first blank line.
    let mut place = Place::Skipped;
    while let Some((number, line)) = lines.next() {
        let line = line.trim();
        let keyword = ["NOTE", "STYLE", "REGION"]
            .iter()
            .any(|word| line.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace)));
        if line.is_empty() {
            place = Place::Between;
        } else if line.contains("-->") {
            check_timing(line, number)?;
            place = Place::Cue;
        } else if place == Place::Cue {
            spoken(line, false, &mut said);
        } else if place == Place::Between && keyword {
            place = Place::Skipped;
        } else if place == Place::Between && !lines.peek().is_some_and(|(_, next)| next.contains("-->")) {
            return Err(Flaw(format!("has text outside a cue on line {number}: a timing is due on it or on the next line")));
        }
    }
    Ok(joined([said.as_str()]))
}

/// Plain text less the `[start --> end]` that whisper.cpp prints before each line.
pub(super) fn without_timings(text: &str) -> String {
    let timed = |line: &str| {
        let (timing, rest) = line.trim_start().strip_prefix('[')?.split_once(']')?;
        check_timing(timing, 0).is_ok().then(|| rest.trim().to_owned())
    };
    let mut plain = String::new();
    for line in text.lines() {
        match timed(line) {
            Some(rest) => plain.push_str(&rest),
            None => plain.push_str(line.trim_end()),
        }
        plain.push('\n');
    }
    plain.trim().to_owned()
}

fn check_timing(line: &str, number: usize) -> Result<(), Flaw> {
    let times = line.split_once("-->").and_then(|(start, rest)| {
        let (start, end) = (start.trim(), rest.split_whitespace().next()?);
        (is_time(start) && is_time(end)).then_some(())
    });
    times.ok_or_else(|| Flaw(format!("has a timing on line {number} that cannot be read: `{}`", line.chars().take(60).collect::<String>())))
}

/// `[hours:]minutes:seconds[.,]fraction`
fn is_time(time: &str) -> bool {
    let (whole, fraction) = time.split_once([',', '.']).unwrap_or((time, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = whole.split(':').collect();
    let sixtieths = parts.iter().skip(1).all(|part| part.len() == 2 && part.as_bytes()[0] < b'6');
    (2..=3).contains(&parts.len()) && parts.iter().all(|part| digits(part)) && sixtieths && digits(fraction)
}

/// Adds a line without tags and with its character references resolved, and a blank.
fn spoken(line: &str, mut braces: bool, out: &mut String) {
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '<' => tag(rest).map(|length| (length, None)),
            '{' if braces && rest.starts_with("{\\") => {
                let end = rest.find('}');
                // Without an end there is none for a later one either: nobody looks again.
                braces = end.is_some();
                end.map(|end| (end + 1, None))
            }
            '&' => reference(rest).map(|(length, character)| (length, Some(character))),
            _ => None,
        };
        let (length, character) = taken.unwrap_or((first.len_utf8(), Some(first)));
        out.extend(character);
        rest = &rest[length..];
    }
    out.push(' ');
}

/// Length of the tag at the beginning: `<name ...>`, `</name>` or `<00:00:01.000>`.
fn tag(text: &str) -> Option<usize> {
    // No further than to where another begins: a line of nothing but beginnings is looked at once.
    let end = 1 + text[1..].find(['<', '>']).filter(|end| text[1 + end..].starts_with('>'))?;
    let inside = &text[1..end];
    let first = inside.chars().next()?;
    let begins = first == '/' || first.is_ascii_alphabetic() || (first.is_ascii_digit() && is_time(inside));
    begins.then_some(end + 1)
}

/// Length and meaning of the character reference at the beginning.
fn reference(text: &str) -> Option<(usize, char)> {
    // The longest one that is read has ten characters.
    let end = text.bytes().take(12).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let character = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "lrm" => '\u{200E}',
        "rlm" => '\u{200F}',
        "hellip" => '…',
        "ndash" => '–',
        "mdash" => '—',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code).filter(|character| !character.is_control())?
        }
    };
    Some((end + 1, character))
}
