//! Ceilings of sizes that a file, a flag or a recipe may state, in one place. A size is compared before memory is asked for.
//!
//! A program may set a ceiling anew, once for the whole process ([`set`]): a service lower ones, a person with a large machine higher ones. No result
//! depends on a ceiling; only whether there is one.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use thiserror::Error;

use crate::{CatalogError, nearest};

/// Refuses so much out of so little that it is no table: `unfolded` bytes of `packed` ones.
pub fn check_unfolding(unfolded: u64, packed: u64) -> Result<(), BeyondLimit> {
    UNPACKED_BYTES.check(unfolded)?;
    if unfolded <= FREE_BYTES { Ok(()) } else { UNPACKED_RATIO.check(unfolded.div_ceil(packed.max(1))) }
}

/// The same of typed columns.
pub fn check_typed(unfolded: u64, packed: u64) -> Result<(), BeyondLimit> {
    UNPACKED_BYTES.check(unfolded)?;
    if unfolded <= 4 * FREE_BYTES { Ok(()) } else { TYPED_RATIO.check(unfolded.div_ceil(packed.max(1))) }
}

/// A ceiling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Kebab-case id, as errors and `docs/limits.md` name it.
    pub id: &'static str,
    /// What is counted, in the plural.
    pub of: &'static str,
    /// The most there may be, unless it is [`set`] anew.
    pub most: u64,
    /// Why there is a ceiling, and why it lies there.
    pub why: &'static str,
    /// Whether it cannot be set anew.
    pub fixed: bool,
}

/// A size beyond its ceiling.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{given} {} are more than the limit `{}` allows, {}; give fewer{}", limit.of, limit.id, limit.most(), another(limit, *given))]
pub struct BeyondLimit {
    /// The size as stated.
    pub given: u64,
    /// Its ceiling.
    pub limit: Limit,
}

fn another(limit: &Limit, given: u64) -> String {
    // What is counted while it comes is known to be one more than allowed, and not how many there are.
    let wanted = if given > limit.most().saturating_add(limit.most() / 8) { given } else { given.saturating_mul(2) };
    if limit.fixed { String::new() } else { format!(", or set another limit (`ceiling` '{}={wanted}')", limit.id) }
}

impl Limit {
    /// Refuses a size beyond the ceiling.
    ///
    /// ```
    /// use evenhand_catalog::limits::REPLICATES;
    ///
    /// assert!(REPLICATES.check(1000).is_ok());
    /// let refused = REPLICATES.check(10_000_000_000).unwrap_err();
    /// assert!(refused.to_string().contains("the limit `replicates` allows, 1000000"));
    /// ```
    pub fn check(&self, given: u64) -> Result<(), BeyondLimit> {
        if given <= self.most() { Ok(()) } else { Err(BeyondLimit { given, limit: *self }) }
    }

    /// The ceiling in force.
    pub fn most(&self) -> u64 {
        ANEW.read().unwrap_or_else(PoisonError::into_inner).get(self.id).copied().unwrap_or(self.most)
    }
}

/// Ceilings that were set anew.
static ANEW: RwLock<BTreeMap<&str, u64>> = RwLock::new(BTreeMap::new());

/// Sets a ceiling anew for the rest of the process; refused where no limit has this id, or it is fixed.
///
/// ```
/// use evenhand_catalog::limits::{FOLDS, set};
///
/// set("folds", 10)?;
/// assert!(FOLDS.check(11).is_err());
/// assert!(set("fold", 10).unwrap_err().to_string().contains("`folds`"));
/// # Ok::<(), evenhand_catalog::CatalogError>(())
/// ```
pub fn set(id: &str, most: u64) -> Result<(), CatalogError> {
    let free = || LIMITS.iter().filter(|limit| !limit.fixed);
    let Some(limit) = free().find(|limit| limit.id == id) else {
        let known = free().map(|limit| limit.id);
        return Err(CatalogError::UnknownId {
            id: id.to_owned(),
            nearest: nearest(id, known.clone()).map(str::to_owned),
            known: known.collect::<Vec<_>>().join(", "),
        });
    };
    ANEW.write().unwrap_or_else(PoisonError::into_inner).insert(limit.id, most);
    Ok(())
}

/// Replicates of intervals.
pub const REPLICATES: Limit = Limit {
    id: "replicates",
    of: "replicates of intervals",
    most: 1_000_000,
    why: "each is held as a number for every metric and group until the percentiles are taken",
    fixed: false,
};
/// Permutations of p-values.
pub const PERMUTATIONS: Limit = Limit {
    id: "permutations",
    of: "permutations",
    most: 10_000_000,
    why: "the smallest p-value that can be told is one in as many",
    fixed: false,
};
/// Folds of cross-validation.
pub const FOLDS: Limit =
    Limit { id: "folds", of: "folds", most: 1000, why: "each is a training run, and a part of the rows", fixed: false };
/// Seeds of a recipe.
pub const SEEDS: Limit = Limit { id: "seeds", of: "seeds", most: 10_000, why: "each is a training run of every method", fixed: false };
/// Trained numbers of a network.
pub const WEIGHTS: Limit = Limit {
    id: "weights",
    of: "weights of the network",
    most: 100_000_000,
    why: "training holds four numbers for each; these are tables of candidates and short recordings",
    fixed: false,
};
/// Rows that a synthesiser makes.
pub const MADE_ROWS: Limit = Limit {
    id: "made-rows",
    of: "rows to be made",
    most: 50_000_000,
    why: "they are held in memory until all of them stand",
    fixed: false,
};

/// Columns of a table, or numbers of an array that a recipe names.
pub const COLUMNS: Limit = Limit {
    id: "columns",
    of: "columns",
    most: 200_000,
    why: "each has a name and a place in every row, whether it is wanted or not",
    fixed: false,
};
/// Columns of rows that are made anew.
pub const MADE_COLUMNS: Limit = Limit {
    id: "made-columns",
    of: "columns to be made",
    most: 500,
    why: "how each goes with each other is learned: time grows with the third power of their number",
    fixed: false,
};
/// Groups of an attribute.
pub const GROUPS: Limit = Limit {
    id: "groups",
    of: "groups of an attribute",
    most: 5000,
    why: "every metric has a number and an interval for each of them",
    fixed: false,
};
/// Bytes of the name of a group.
pub const GROUP_NAME: Limit = Limit {
    id: "group-name",
    of: "bytes of a group's name",
    most: 1000,
    why: "it stands in every table, chart and message; a longer one is a free text",
    fixed: false,
};
/// Rows that counts stand for.
pub const COUNTED_ROWS: Limit =
    Limit { id: "counted-rows", of: "rows that counts stand for", most: 50_000_000, why: "each becomes a row in memory", fixed: false };
/// Rows of a made-up corpus.
pub const INVENTED_ROWS: Limit =
    Limit { id: "invented-rows", of: "rows of a made-up corpus", most: 50_000_000, why: "they are held in memory", fixed: true };
/// Bytes of a row of a text file, or of its header.
pub const ROW_BYTES: Limit = Limit {
    id: "row-bytes",
    of: "bytes of a row",
    most: 8 << 20,
    why: "a longer one is nearly always a quote that is not closed; files are read in parts of this size",
    fixed: false,
};
/// Bytes of standard input or a pipe.
pub const PIPED_BYTES: Limit = Limit {
    id: "piped-bytes",
    of: "bytes of standard input or a pipe",
    most: 200 << 20,
    why: "they are held in memory; a file is not",
    fixed: false,
};
/// Bytes of a file that is held in memory as a whole.
pub const HELD_BYTES: Limit = Limit {
    id: "held-bytes",
    of: "bytes of a file that is read at once",
    most: 8 << 30,
    why: "they are held in memory beside the columns; an audit can read a file of text or Parquet in parts (`stream`)",
    fixed: false,
};
/// Bytes that come out of a packed file, or of typed columns.
pub const UNPACKED_BYTES: Limit = Limit {
    id: "unpacked-bytes",
    of: "bytes out of a packed file",
    most: 4 << 30,
    why: "a few bytes can unfold into more than any memory holds; so much out of so little that no table does so is refused earlier",
    fixed: false,
};
/// Bytes that come out of a packed file or typed columns for each byte of the file, beyond the first [`FREE_BYTES`].
pub const UNPACKED_RATIO: Limit = Limit {
    id: "unpacked-ratio",
    of: "bytes out for a byte in",
    most: 600,
    why: "beyond 64 MiB; a table of equal rows is packed at about 200 to 1",
    fixed: false,
};
/// The same of typed columns (Parquet, Arrow), which pack equal values by their number.
pub const TYPED_RATIO: Limit = Limit {
    id: "typed-ratio",
    of: "bytes of typed columns for a byte in",
    most: 1000,
    why: "beyond 256 MiB; sorted categories take next to nothing, and a table holds more than them",
    fixed: false,
};
/// Bytes out of which no ratio is asked.
pub const FREE_BYTES: u64 = 64 << 20;
/// Bytes of a recipe, a manifest, a description of a model: what a person writes or a program describes.
pub const TEXT_BYTES: Limit = Limit {
    id: "text-bytes",
    of: "bytes of a recipe or description",
    most: 256 << 20,
    why: "they are held in memory as a whole",
    fixed: false,
};
/// Bytes of a file with the details of an audit.
pub const DETAILS_BYTES: Limit = Limit {
    id: "details-bytes",
    of: "bytes of a file of details",
    most: 1 << 20,
    why: "a person writes it: who audited what, and which words stand for which categories",
    fixed: false,
};
/// Bytes of a text among the details of an audit.
pub const DETAILS_TEXT: Limit = Limit {
    id: "details-text",
    of: "bytes of a text of the details",
    most: 5000,
    why: "it stands in the summary, which has one or two pages",
    fixed: false,
};
/// Strata of a column whose tables are shown each.
pub const TABLED_STRATA: Limit = Limit {
    id: "tabled-strata",
    of: "strata with tables of their own",
    most: 200,
    why: "each has a table an attribute, which nobody reads beyond",
    fixed: false,
};
/// Neurons of a layer.
pub const WIDTH: Limit =
    Limit { id: "width", of: "neurons of a layer", most: 65_536, why: "weights grow with the product of two layers", fixed: true };
/// Bytes of a transcript's file.
pub const TRANSCRIPT_BYTES: Limit = Limit {
    id: "transcript-bytes",
    of: "bytes of a transcript's file",
    most: 16 << 20,
    why: "the most detailed JSON of a recogniser has some 400 bytes a token: three hours of speech; as plain text they have a quarter of a megabyte",
    fixed: false,
};
/// Bytes of the words alone.
pub const TRANSCRIPT_TEXT: Limit = Limit {
    id: "transcript-text",
    of: "bytes of a transcript's words",
    most: 2 << 20,
    why: "four hours of speech in any script have less than a third; groups of letters are held as several numbers a character",
    fixed: false,
};
/// Values of a transcript in JSON.
pub const TRANSCRIPT_VALUES: Limit = Limit {
    id: "transcript-values",
    of: "values of a transcript in JSON",
    most: 1_000_000,
    why: "each takes some 100 bytes of memory, whatever it takes in the file",
    fixed: false,
};
/// Objects and lists of a transcript in JSON.
pub const TRANSCRIPT_OBJECTS: Limit = Limit {
    id: "transcript-objects",
    of: "objects and lists of a transcript in JSON",
    most: 200_000,
    why: "each takes some 700 bytes of memory, and an empty one two in the file; three hours of speech need some 120000",
    fixed: false,
};
/// Words with times of a transcript.
pub const TRANSCRIPT_WORDS: Limit = Limit {
    id: "transcript-words",
    of: "words with times in a transcript",
    most: 200_000,
    why: "each is held with its times; four hours of fast speech have 100000",
    fixed: false,
};
/// Characters of a candidate's id.
pub const CANDIDATE_ID: Limit = Limit {
    id: "candidate-id",
    of: "characters of a candidate's id",
    most: 200,
    why: "it is a name in tables, messages and pages",
    fixed: true,
};
/// Seconds of a recording.
pub const RECORDING_SECONDS: Limit = Limit {
    id: "recording-seconds",
    of: "seconds of a recording that `limits` may admit",
    most: 86_400,
    why: "its sound is held in memory: 2.8 GB a day; without a setting 1800 are admitted",
    fixed: false,
};
/// Frames of a recording.
pub const RECORDING_FRAMES: Limit = Limit {
    id: "recording-frames",
    of: "frames of a recording that `limits` may admit",
    most: 100_000_000,
    why: "the time of each is held; without a setting 432000 are admitted",
    fixed: false,
};
/// Tracks of a recording.
pub const RECORDING_TRACKS: Limit = Limit {
    id: "recording-tracks",
    of: "tracks of a recording that `limits` may admit",
    most: 1000,
    why: "each is described in memory; without a setting 16 are admitted",
    fixed: false,
};
/// Sides of pictures.
pub const PICTURE_SIDE: Limit = Limit {
    id: "picture-side",
    of: "pixels of a picture's side that `limits` may admit",
    most: 16_384,
    why: "a picture is held whole, three bytes a pixel; without a setting 4096 are admitted",
    fixed: false,
};
/// Frames kept of a recording.
pub const KEPT_FRAMES: Limit = Limit {
    id: "kept-frames",
    of: "frames kept of a recording",
    most: 10_000,
    why: "all of them are held until the candidate is written",
    fixed: true,
};

/// All of them, for `docs/limits.md`.
pub const LIMITS: &[Limit] = &[
    REPLICATES,
    PERMUTATIONS,
    FOLDS,
    SEEDS,
    WEIGHTS,
    MADE_ROWS,
    COLUMNS,
    MADE_COLUMNS,
    GROUPS,
    GROUP_NAME,
    COUNTED_ROWS,
    INVENTED_ROWS,
    ROW_BYTES,
    PIPED_BYTES,
    HELD_BYTES,
    UNPACKED_BYTES,
    UNPACKED_RATIO,
    TYPED_RATIO,
    TEXT_BYTES,
    DETAILS_BYTES,
    DETAILS_TEXT,
    TABLED_STRATA,
    WIDTH,
    TRANSCRIPT_BYTES,
    TRANSCRIPT_TEXT,
    TRANSCRIPT_VALUES,
    TRANSCRIPT_OBJECTS,
    TRANSCRIPT_WORDS,
    CANDIDATE_ID,
    RECORDING_SECONDS,
    RECORDING_FRAMES,
    RECORDING_TRACKS,
    PICTURE_SIDE,
    KEPT_FRAMES,
];
