//! Whether a transcript is fit to be read, or better treated as missing.
//!
//! ```text
//! words per minute = 60 words / seconds
//! missing if  words = 0
//!         or  seconds > 5 and words per minute outside [20, 400]
//!         or  mean confidence < 0.4, where a confidence is known
//! ```
//!
//! A score from a garbage transcript is worse than none: the network has a way to go without text, and a report can say why it did.
//! The defaults are wide. 20 words a minute is a candidate who is silent most of the time or a recogniser that lost the sound, 400 is
//! twice as fast as fast speech, as when a recogniser repeats itself. Recognisers err more on some accents than on others, so a limit
//! on confidence removes texts of some groups more often than of others: report the confidence and the share of missing texts by
//! group.
//!
//! Words are runs between blanks that hold a letter or a digit, so Korean is counted by its blanks. Scripts without blanks have no
//! words to count: two Han or Kana characters, and five Thai, Lao, Khmer or Burmese ones, count as a word (rounded up per run).
//! Remarks in square brackets (`[BLANK_AUDIO]`, `[Music]`) are no words. Characters are those that are no blanks; accents and Hangul
//! vowels and finals written apart (decomposed text) do not count.
//!
//! Undefined: words per minute for 0 seconds (`None`, and that check is left out). Errors: limits or a duration that are no numbers,
//! are negative or stand in the wrong order.

use std::fmt;

use super::Transcript;
use crate::MediaError;

/// When a transcript is treated as missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Fewest words per minute.
    pub lowest_words_per_minute: f64,
    /// Most words per minute.
    pub highest_words_per_minute: f64,
    /// Words per minute are judged in recordings longer than this, in seconds.
    pub from_seconds: f64,
    /// Lowest mean confidence, 0 to 1; 0 switches the check off.
    pub lowest_confidence: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { lowest_words_per_minute: 20.0, highest_words_per_minute: 400.0, from_seconds: 5.0, lowest_confidence: 0.4 }
    }
}

/// Figures about a transcript.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quality {
    /// Words, counted as the module says.
    pub words: usize,
    /// Characters that are no blanks.
    pub characters: usize,
    /// Speech rate; `None` where the recording has no length.
    pub words_per_minute: Option<f64>,
    /// As in the transcript.
    pub confidence: Option<f64>,
    /// Why the transcript should be treated as missing.
    pub missing: Option<Reason>,
}

/// Why a transcript should be treated as missing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reason {
    /// It holds no words.
    Empty,
    /// Too few words for the recording.
    TooFewWords {
        /// Words per minute.
        found: f64,
        /// The limit.
        lowest: f64,
    },
    /// Too many words for the recording.
    TooManyWords {
        /// Words per minute.
        found: f64,
        /// The limit.
        highest: f64,
    },
    /// The recogniser was not sure.
    LowConfidence {
        /// Mean confidence.
        found: f64,
        /// The limit.
        lowest: f64,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Empty => write!(formatter, "the transcript holds no words"),
            Reason::TooFewWords { found, lowest } => {
                write!(formatter, "the transcript has {found:.1} words per minute, fewer than the limit of {lowest}")
            }
            Reason::TooManyWords { found, highest } => {
                write!(formatter, "the transcript has {found:.1} words per minute, more than the limit of {highest}")
            }
            Reason::LowConfidence { found, lowest } => {
                write!(formatter, "the recogniser's mean confidence is {found:.2}, under the limit of {lowest}")
            }
        }
    }
}

/// Counts, and the first reason (in the order of the module's list) to treat the transcript of a recording as missing.
pub fn assess(transcript: &Transcript, seconds: f64, limits: &Limits) -> Result<Quality, MediaError> {
    limits.check(seconds)?;
    let (words, characters) = (count_words(&transcript.text), count_characters(&transcript.text));
    let words_per_minute = (seconds > 0.0).then(|| 60.0 * words as f64 / seconds);
    let judged = words_per_minute.filter(|_| seconds > limits.from_seconds);
    let confidence = transcript.confidence;
    let missing = if words == 0 {
        Some(Reason::Empty)
    } else if let Some(found) = judged.filter(|rate| *rate < limits.lowest_words_per_minute) {
        Some(Reason::TooFewWords { found, lowest: limits.lowest_words_per_minute })
    } else if let Some(found) = judged.filter(|rate| *rate > limits.highest_words_per_minute) {
        Some(Reason::TooManyWords { found, highest: limits.highest_words_per_minute })
    } else {
        confidence
            .filter(|found| *found < limits.lowest_confidence)
            .map(|found| Reason::LowConfidence { found, lowest: limits.lowest_confidence })
    };
    Ok(Quality { words, characters, words_per_minute, confidence, missing })
}

impl Limits {
    fn check(&self, seconds: f64) -> Result<(), MediaError> {
        let bad = |setting, value: f64, expected: &str| {
            Err(MediaError::BadSetting { setting, value: value.to_string(), expected: expected.to_owned() })
        };
        let amount = |value: f64| value.is_finite() && value >= 0.0;
        if !amount(self.lowest_words_per_minute) {
            return bad("lowest words per minute", self.lowest_words_per_minute, "0 or more");
        }
        if self.highest_words_per_minute.is_nan() || self.highest_words_per_minute < self.lowest_words_per_minute {
            return bad("highest words per minute", self.highest_words_per_minute, "at least the lowest words per minute");
        }
        if !amount(self.from_seconds) {
            return bad("seconds from which words per minute are judged", self.from_seconds, "0 or more");
        }
        if !(0.0..=1.0).contains(&self.lowest_confidence) {
            return bad("lowest confidence of a transcript", self.lowest_confidence, "within 0 to 1");
        }
        if !amount(seconds) {
            return bad("length of the recording in seconds", seconds, "0 or more");
        }
        Ok(())
    }
}

/// Words of a text, counted as the module says.
pub fn count_words(text: &str) -> usize {
    without_remarks(text).split_whitespace().map(words_of_run).sum()
}

/// Characters of a text that are neither blanks nor marks on another character.
pub fn count_characters(text: &str) -> usize {
    let counts = |character: &char| !character.is_whitespace() && !continues(*character);
    text.chars().filter(counts).count()
}

fn words_of_run(run: &str) -> usize {
    let (mut pairs, mut fives, mut other) = (0_usize, 0_usize, false);
    for character in run.chars() {
        match character {
            // Kana with its extensions; Han with extensions A to H and compatibility forms.
            '\u{3041}'..='\u{30FF}'
            | '\u{31F0}'..='\u{31FF}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{FF66}'..='\u{FF9D}'
            | '\u{20000}'..='\u{323AF}' => pairs += 1,
            // Thai and Lao, Burmese, Khmer.
            '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' => fives += 1,
            character => other |= character.is_alphanumeric(),
        }
    }
    pairs.div_ceil(2) + fives.div_ceil(5) + usize::from(other)
}

fn continues(character: char) -> bool {
    matches!(character, '\u{0300}'..='\u{036F}' | '\u{1160}'..='\u{11FF}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{200B}'..='\u{200F}' | '\u{20D0}'..='\u{20FF}' | '\u{3099}' | '\u{309A}' | '\u{FE00}'..='\u{FE2F}')
}

/// The text with each `[...]` of one line made a blank.
fn without_remarks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        out.push_str(&rest[..open]);
        let after = &rest[open..];
        match after.find([']', '\n']) {
            Some(close) if after[close..].starts_with(']') => {
                out.push(' ');
                rest = &after[close + 1..];
            }
            // No remark of this line ends: all that begin in it are text.
            other => {
                let line = other.unwrap_or(after.len());
                out.push_str(&after[..line]);
                rest = &after[line..];
            }
        }
    }
    out.push_str(rest);
    out
}
