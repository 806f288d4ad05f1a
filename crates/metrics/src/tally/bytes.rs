//! A tally as bytes: for files, queues and other machines.
//!
//! All numbers are little-endian, so that the bytes are the same on every platform; `f64` in the bits of IEEE 754. A text is its length in bytes (`u32`) and its UTF-8.
//!
//! ```text
//! 8 bytes   "EVHTALLY"
//! u32       format, 1
//! u64       length of everything, from the first byte to the last
//! f64       threshold
//! u8        decision rule: 0 above, 1 at or above
//! f64       label threshold
//! u8        convention: 0 evenhand, 1 fairlearn, 2 aif360
//! u8        definition: 0 exact, 1 grid
//! u8        1 when a privileged group is named, then its name as a text; else 0
//! u64       minimum group size
//! f64 f64   range of the scores: low, high
//! u64       bins
//! u8        0 no rows yet, 1 rows without labels, 2 rows with labels
//! u8        1 when every label so far is 0 or 1, else 0
//! u32       groups, then the name of each as a text, none twice
//! for each group, and once more for the unknown:
//!   4 cells   index 2 x selected + positive: rows u64, weight f64, squared weights f64, heaviest weight f64
//!   2 sketches, of the negatives (of all, without labels) and of the positives: filled bins u32, then for each, in ascending order,
//!             its position u32, its weight f64 and the weighted sum of its scores f64
//! 64 bytes  sha256 of all bytes before, in lower-case hexadecimal
//! ```
//!
//! Only filled bins are written, so that few rows make few bytes. Reading makes room for as many bins as a sketch takes in memory: those filled, or
//! all where that is less; up to [`Tally::MOST_BINS`] and [`Tally::MOST_KEPT`] of all sketches together. Both are checked before the room is
//! asked for, in writing as in reading, so that what was written can be read.
//!
//! One tally has one form: equal sums, groups in the same order and the same conventions give equal bytes. Tallies that were read add
//! up to the same bytes as those that were written. Whether tallies of parts give the bytes of the tally of all is a question of
//! rounding: rows and weights of unweighted rows are whole numbers and always agree; sums of scores agree when they are exact, as with
//! scores of few binary digits, and otherwise up to rounding.

use evenhand_rows::digest;

use super::sketch::is_filled;
use super::{Part, Tally, sketch};
use crate::counts::{CELLS, Cell, GroupCounts};
use crate::wasserstein::Bucket;
use crate::{Convention, Conventions, DecisionRule, Definition, MetricError};

const MARK: &[u8; 8] = b"EVHTALLY";
const FORMAT: u32 = 1;
/// Bytes of the checksum.
const CHECKSUM: usize = 64;
/// Where the length of everything stands.
const LENGTH_AT: usize = MARK.len() + 4;
/// Bytes of an entry of a sketch.
const ENTRY: usize = 4 + 8 + 8;
/// Bytes of a cell.
const CELL: usize = 4 * 8;
/// Bytes of a group without a filled bin.
const EMPTY_PART: usize = CELLS * CELL + 2 * 4;

const COPY_ANEW: &str = "fetch or copy them anew, or tally the rows again";
const NOT_OURS: &str = "hand over bytes that `Tally::to_bytes` made";

fn refused(problem: String, remedy: &'static str) -> MetricError {
    MetricError::TallyBytes { problem, remedy }
}

fn damaged(problem: impl Into<String>) -> MetricError {
    refused(problem.into(), COPY_ANEW)
}

impl Tally {
    /// The most bins of a tally that is written or read.
    pub const MOST_BINS: usize = 1 << 20;
    /// The most bins of all groups and classes together, 16 bytes each in memory: 1 GiB.
    pub const MOST_KEPT: usize = 1 << 26;
    /// The most groups of a tally that is written or read.
    pub const MOST_GROUPS: usize = 1 << 20;
    /// The most bytes of a group's name.
    pub const LONGEST_NAME: usize = 1 << 16;

    /// The tally as bytes, the same on every platform; [`Tally::from_bytes`] reads them. Refused when it is larger than what would be
    /// read, or holds a sum that is not finite.
    ///
    /// ```
    /// use evenhand_metrics::{Conventions, Tally};
    ///
    /// let levels = ["a", "b"].map(str::to_owned);
    /// let count = |scores: &[f64], codes: &[u32]| {
    ///     let mut tally = Tally::new(&levels, Conventions::default(), 1024);
    ///     tally.add(scores, None, None, codes)?;
    ///     tally.to_bytes()
    /// };
    /// // Two machines count their own rows and send bytes; a third adds them up.
    /// let (here, there) = (count(&[0.25, 0.75], &[0, 1])?, count(&[0.5, 1.0], &[0, 1])?);
    /// let mut all = Tally::from_bytes(&here)?;
    /// all.merge(&Tally::from_bytes(&there)?)?;
    /// assert_eq!(all.rows(), 4);
    /// assert_eq!(all.to_bytes()?, count(&[0.25, 0.75, 0.5, 1.0], &[0, 1, 0, 1])?);
    /// # Ok::<(), evenhand_metrics::MetricError>(())
    /// ```
    pub fn to_bytes(&self) -> Result<Vec<u8>, MetricError> {
        self.check_size(self.bins, self.levels.len())?;
        self.check_sums()?;
        let mut bytes = Vec::new();
        bytes.extend_from_slice(MARK);
        bytes.extend_from_slice(&FORMAT.to_le_bytes());
        bytes.extend_from_slice(&0_u64.to_le_bytes());
        let Conventions { threshold, decision_rule, label_threshold, convention, definition, privileged, minimum_group_size } =
            &self.conventions;
        number(&mut bytes, *threshold);
        bytes.push(match decision_rule {
            DecisionRule::Above => 0,
            DecisionRule::AtOrAbove => 1,
        });
        number(&mut bytes, *label_threshold);
        bytes.push(match convention {
            Convention::Evenhand => 0,
            Convention::Fairlearn => 1,
            Convention::Aif360 => 2,
        });
        bytes.push(match definition {
            Definition::Exact => 0,
            Definition::Grid => 1,
        });
        bytes.push(u8::from(privileged.is_some()));
        if let Some(name) = privileged {
            text(&mut bytes, name);
        }
        bytes.extend_from_slice(&(*minimum_group_size as u64).to_le_bytes());
        number(&mut bytes, self.low);
        number(&mut bytes, self.high);
        bytes.extend_from_slice(&(self.bins as u64).to_le_bytes());
        bytes.push(match self.labelled {
            None => 0,
            Some(false) => 1,
            Some(true) => 2,
        });
        bytes.push(u8::from(self.binary));
        bytes.extend_from_slice(&(self.levels.len() as u32).to_le_bytes());
        for level in &self.levels {
            text(&mut bytes, level);
        }
        for part in &self.parts {
            for cell in &part.counts.cells {
                bytes.extend_from_slice(&cell.rows.to_le_bytes());
                for value in [cell.weight, cell.squared, cell.heaviest] {
                    number(&mut bytes, value);
                }
            }
            for sketch in &part.sketch {
                let filled = sketch.entries();
                bytes.extend_from_slice(&(filled.len() as u32).to_le_bytes());
                for (position, bucket) in filled.iter() {
                    bytes.extend_from_slice(&position.to_le_bytes());
                    number(&mut bytes, bucket.weight);
                    number(&mut bytes, bucket.place);
                }
            }
        }
        let length = (bytes.len() + CHECKSUM) as u64;
        bytes[LENGTH_AT..LENGTH_AT + 8].copy_from_slice(&length.to_le_bytes());
        let checksum = digest::of_bytes(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        Ok(bytes)
    }

    /// Reads what [`Tally::to_bytes`] wrote. Bytes that were cut off or changed, of another or a later format, or that ask for more
    /// memory than [`Tally::MOST_KEPT`] allows are refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, MetricError> {
        if bytes.get(..MARK.len()) != Some(MARK) {
            return Err(refused("they do not begin with the mark of a tally".to_owned(), NOT_OURS));
        }
        let mut reader = Reader { rest: &bytes[MARK.len()..] };
        let format = reader.count()?;
        if format != FORMAT {
            let remedy = "read them with the program that wrote them, or tally the rows again";
            return Err(refused(format!("they have format {format} and this program reads {FORMAT}"), remedy));
        }
        let length = reader.long()?;
        if length != bytes.len() as u64 {
            return Err(damaged(format!("they are {} of {length} bytes", bytes.len())));
        }
        let Some((content, checksum)) = bytes.split_last_chunk::<CHECKSUM>() else {
            return Err(damaged("they end early"));
        };
        if digest::of_bytes(content).as_bytes() != checksum {
            return Err(damaged("some have changed on their way: the checksum does not fit"));
        }
        reader.rest = content.get(LENGTH_AT + 8..).ok_or_else(|| damaged("they end early"))?;
        let tally = Tally::read(&mut reader)?;
        if !reader.rest.is_empty() {
            return Err(refused(format!("{} bytes stand after the last group", reader.rest.len()), NOT_OURS));
        }
        tally.check_sums()?;
        Ok(tally)
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, MetricError> {
        let conventions = Conventions {
            threshold: reader.number()?,
            decision_rule: reader.choice("the decision rule", &[DecisionRule::Above, DecisionRule::AtOrAbove])?,
            label_threshold: reader.number()?,
            convention: reader.choice("the convention", &[Convention::Evenhand, Convention::Fairlearn, Convention::Aif360])?,
            definition: reader.choice("the definition", &[Definition::Exact, Definition::Grid])?,
            privileged: if reader.choice("the mark of a privileged group", &[false, true])? { Some(reader.text()?) } else { None },
            minimum_group_size: reader.size("the minimum group size")?,
        };
        let (low, high) = (reader.number()?, reader.number()?);
        if !(low < high && (high - low).is_finite()) {
            return Err(refused(format!("their range of scores is [{low}, {high}]"), NOT_OURS));
        }
        let bins = reader.size("the number of bins")?;
        let labelled = reader.choice("the mark of labels", &[None, Some(false), Some(true)])?;
        let binary = reader.choice("the mark of labels of 0 and 1", &[false, true])?;
        let groups = reader.count()? as usize;
        let mut tally = Tally { levels: Vec::new(), conventions, low, high, bins, labelled, binary, parts: Vec::new() };
        tally.check_size(bins, groups)?;
        // Each group takes at least its empty sums and the length of its name: what cannot stand in the bytes gets no room.
        if reader.rest.len() < groups * (4 + EMPTY_PART) + EMPTY_PART {
            return Err(damaged(format!("they end before the last of {groups} groups")));
        }
        tally.levels = (0..groups).map(|_| reader.text()).collect::<Result<_, _>>()?;
        check_kept(reader.count_kept(groups + 1, bins)?)?;
        for _ in 0..=groups {
            let mut part = Part { counts: GroupCounts::default(), ..Part::default() };
            for cell in &mut part.counts.cells {
                *cell = Cell { rows: reader.long()?, weight: reader.number()?, squared: reader.number()?, heaviest: reader.number()? };
            }
            for sketch in &mut part.sketch {
                let mut next = 0;
                for _ in 0..reader.count()? {
                    let position = reader.count()?;
                    if position < next || position as usize >= bins {
                        return Err(refused(format!("bin {position} stands out of order or beyond the {bins} bins"), NOT_OURS));
                    }
                    let bucket = Bucket { weight: reader.number()?, place: reader.number()? };
                    if !is_filled(&bucket) {
                        return Err(refused(format!("bin {position} is listed as filled and holds nothing"), NOT_OURS));
                    }
                    sketch.add(position, bucket, bins);
                    next = position + 1;
                }
            }
            tally.parts.push(part);
        }
        Ok(tally)
    }

    /// Refuses sizes beyond the ceilings.
    fn check_size(&self, bins: usize, groups: usize) -> Result<(), MetricError> {
        if bins == 0 || bins > Tally::MOST_BINS {
            let problem = format!("they have {bins} bins and 1 to {} are allowed", Tally::MOST_BINS);
            return Err(refused(problem, "tally the rows again with fewer bins, for example 65536"));
        }
        if groups > Tally::MOST_GROUPS {
            let problem = format!("they have {groups} groups and at most {} are allowed", Tally::MOST_GROUPS);
            return Err(refused(problem, "tally the rows of fewer groups at a time"));
        }
        check_kept(self.parts.iter().flat_map(|part| &part.sketch).map(|sketch| sketch::kept(sketch.entries().len(), bins)).sum())
    }

    /// Refuses sums that no rows can have.
    fn check_sums(&self) -> Result<(), MetricError> {
        let Conventions { threshold, label_threshold, privileged, .. } = &self.conventions;
        if threshold.is_nan() || label_threshold.is_nan() {
            return Err(refused("a threshold is no number".to_owned(), "set thresholds that are numbers and tally the rows again"));
        }
        if let Some(name) = self.levels.iter().chain(privileged).find(|name| name.len() > Tally::LONGEST_NAME) {
            let problem = format!("the name of a group has {} bytes and at most {} are allowed", name.len(), Tally::LONGEST_NAME);
            return Err(refused(problem, "shorten it and tally the rows again"));
        }
        let mut names: Vec<&str> = self.levels.iter().map(String::as_str).collect();
        names.sort_unstable();
        if let Some([twice, _]) = names.array_windows().find(|[one, next]| one == next) {
            return Err(refused(format!("two groups are called `{twice}`"), "give every group a name of its own and tally again"));
        }
        let sums = |value: f64| value.is_finite() && value >= 0.0;
        let cells = || self.parts.iter().flat_map(|part| &part.counts.cells);
        let finite = |bucket: &Bucket| sums(bucket.weight) && bucket.place.is_finite();
        let mut sketches = self.parts.iter().flat_map(|part| &part.sketch);
        if !cells().all(|cell| sums(cell.weight) && sums(cell.squared) && sums(cell.heaviest))
            || !sketches.all(|sketch| sketch.entries().iter().all(|(_, bucket)| finite(bucket)))
        {
            let remedy = "scale the weights of the rows down and tally them again";
            return Err(refused("a sum of weights or scores is below 0 or not finite".to_owned(), remedy));
        }
        // Beyond 2^53 a count of rows is no longer exact as a number.
        let rows = cells().try_fold(0_u64, |sum, cell| sum.checked_add(cell.rows).filter(|sum| *sum <= 1 << 53));
        match rows {
            None => Err(refused("they count more rows than there can be".to_owned(), NOT_OURS)),
            Some(rows) if (rows == 0) != self.labelled.is_none() => {
                Err(refused(format!("they count {rows} rows and their mark of labels says otherwise"), NOT_OURS))
            }
            Some(_) => Ok(()),
        }
    }
}

fn check_kept(kept: usize) -> Result<(), MetricError> {
    if kept <= Tally::MOST_KEPT {
        return Ok(());
    }
    let problem = format!("the bins of all groups together are at least {kept} and at most {} are allowed", Tally::MOST_KEPT);
    Err(refused(problem, "tally the rows again with fewer bins or fewer groups"))
}

fn number(bytes: &mut Vec<u8>, value: f64) {
    bytes.extend_from_slice(&value.to_bits().to_le_bytes());
}

fn text(bytes: &mut Vec<u8>, value: &str) {
    bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
    bytes.extend_from_slice(value.as_bytes());
}

/// What is left to be read.
struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], MetricError> {
        let (chunk, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| damaged("they end early"))?;
        self.rest = rest;
        Ok(*chunk)
    }

    /// How many bins the sketches of these groups will take, found ahead of reading them, before room is made for any.
    fn count_kept(&self, groups: usize, bins: usize) -> Result<usize, MetricError> {
        let mut ahead = Reader { rest: self.rest };
        let mut kept = 0_usize;
        for _ in 0..groups {
            ahead.skip(CELLS * CELL)?;
            for _ in 0..2 {
                let filled = ahead.count()? as usize;
                ahead.skip(filled.saturating_mul(ENTRY))?;
                kept = kept.saturating_add(sketch::kept(filled, bins));
            }
        }
        Ok(kept)
    }

    fn skip(&mut self, length: usize) -> Result<(), MetricError> {
        self.rest = self.rest.get(length..).ok_or_else(|| damaged("they end early"))?;
        Ok(())
    }

    fn count(&mut self) -> Result<u32, MetricError> {
        self.take().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Result<u64, MetricError> {
        self.take().map(u64::from_le_bytes)
    }

    fn size(&mut self, what: &str) -> Result<usize, MetricError> {
        let size = self.long()?;
        usize::try_from(size).map_err(|_| refused(format!("{what} is {size}, more than this machine counts"), NOT_OURS))
    }

    fn number(&mut self) -> Result<f64, MetricError> {
        self.long().map(f64::from_bits)
    }

    /// The entry with the number that stands here.
    fn choice<T: Copy>(&mut self, what: &str, entries: &[T]) -> Result<T, MetricError> {
        let [place] = self.take()?;
        entries.get(usize::from(place)).copied().ok_or_else(|| refused(format!("{what} is {place}, which means nothing"), NOT_OURS))
    }

    fn text(&mut self) -> Result<String, MetricError> {
        let length = self.count()? as usize;
        if length > Tally::LONGEST_NAME {
            let problem = format!("the name of a group has {length} bytes and at most {} are allowed", Tally::LONGEST_NAME);
            return Err(refused(problem, NOT_OURS));
        }
        let (name, rest) = self.rest.split_at_checked(length).ok_or_else(|| damaged("they end early"))?;
        self.rest = rest;
        String::from_utf8(name.to_vec()).map_err(|_| refused("the name of a group is no UTF-8".to_owned(), NOT_OURS))
    }
}
