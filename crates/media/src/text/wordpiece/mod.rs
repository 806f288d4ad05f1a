//! BERT's tokenizer: a text becomes the numbers of word pieces.
//!
//! ```text
//! 1 spelling   control characters out, every white space a blank, blanks around ideographs, accents off and lower case as the model asks
//! 2 words      split at white space; every punctuation mark is a word of its own
//! 3 pieces     from the left of the word, the longest entry of the vocabulary that fits; inside a word entries begin with ##
//!              no entry fits somewhere, or more than 100 characters: the whole word is one [UNK]
//! ```
//!
//! Vocabulary: `tokenizer.json` (of type WordPiece) where there is one, otherwise `vocab.txt`, an entry a line, numbered from 0. Spelling:
//! `tokenizer_config.json`, then the normalizer of `tokenizer.json`; where neither says whether the model is lower-cased, the folder is
//! refused, because the wrong case silently spoils every vector.
//!
//! Traps. `tokenizer.json` may carry a truncation and a padding (all-MiniLM-L6-v2: both 128); both are ignored, the encoder decides how
//! long a chunk is. Special tokens written in the text, such as `[SEP]`, are plain text here (`[`, `sep`, `]`): a transcript comes
//! from the candidate, who must not be able to close it and begin another. The public libraries by default turn them into the real
//! thing. Tokens added to a vocabulary after training (`added_tokens` outside the model's vocabulary) are plain text too.
//!
//! Source: Devlin et al. 2019 and its public tokenizer; where that and the `tokenizers` library (0.23) differ, the latter is
//! followed: accents go before lower case, U+2B820 to U+2B91F are no ideographs. Character classes are those of the current Unicode,
//! the library's those of an older one (about version 8): a few hundred newer marks and punctuation signs of scripts outside Latin,
//! Greek, Cyrillic, Hangul and ideographs come out differently, and no vocabulary of the time holds them.

mod reading;
mod spelling;

pub use spelling::Spelling;

use std::collections::HashMap;

/// Numbers of the special tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Special {
    /// `[UNK]`, a word that cannot be built.
    pub unknown: u32,
    /// `[CLS]`, before every chunk.
    pub start: u32,
    /// `[SEP]`, after every chunk.
    pub end: u32,
}

/// A vocabulary with its spelling.
#[derive(Clone)]
pub struct WordPiece {
    // Every entry, as it stands in the file.
    whole: HashMap<Box<str>, u32>,
    // Those that begin with the prefix, without it.
    continued: HashMap<Box<str>, u32>,
    longest: usize,
    largest: u32,
    most_characters: usize,
    special: Special,
    spelling: Spelling,
    source: &'static str,
    sha256: String,
}

impl std::fmt::Debug for WordPiece {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WordPiece")
            .field("entries", &self.entries())
            .field("special", &self.special)
            .field("spelling", &self.spelling)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl WordPiece {
    /// The numbers of a text's pieces, without special tokens around them.
    pub fn ids(&self, text: &str) -> Vec<u32> {
        let text = self.spelling.apply(text);
        let mut ids = Vec::with_capacity(text.len() / 4);
        spelling::words(&text, |word| self.pieces(word, &mut ids));
        ids
    }

    fn pieces(&self, word: &str, ids: &mut Vec<u32>) {
        // Ends of the characters, so that no piece is cut inside one.
        let ends = word.char_indices().map(|(start, character)| start + character.len_utf8());
        let ends: Vec<usize> = ends.take(self.most_characters.saturating_add(1)).collect();
        if ends.len() > self.most_characters {
            return ids.push(self.special.unknown);
        }
        let before = ids.len();
        let (mut begin, mut done) = (0, 0);
        while done < ends.len() {
            let entries = if begin == 0 { &self.whole } else { &self.continued };
            let reach = ends.len().min(done + self.longest);
            let Some((last, id)) = (done..reach).rev().find_map(|last| entries.get(&word[begin..ends[last]]).map(|id| (last, *id))) else {
                ids.truncate(before);
                return ids.push(self.special.unknown);
            };
            ids.push(id);
            (begin, done) = (ends[last], last + 1);
        }
    }

    /// Entries of the vocabulary.
    pub fn entries(&self) -> usize {
        self.whole.len()
    }

    /// The largest number that can come out.
    pub fn largest(&self) -> u32 {
        self.largest
    }

    /// Numbers of the special tokens.
    pub fn special(&self) -> Special {
        self.special
    }

    /// How texts are spelled before they are cut.
    pub fn spelling(&self) -> Spelling {
        self.spelling
    }

    /// Name of the file the vocabulary was read from.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// Hash of that file.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}
