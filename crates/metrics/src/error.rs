//! What can be wrong with the input of a metric.

use evenhand_catalog::CatalogError;

/// Why outcomes cannot be measured at all. A number that does not exist for sound outcomes is no error: it is `Estimate::Undefined`.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum MetricError {
    /// There is nothing to measure.
    #[error("there are no rows to measure; check the split or the filter that made them")]
    NoRows,
    /// Two columns of the same rows differ in length.
    #[error("{what} has {found} values but there are {expected} scores; give one value per row")]
    Length {
        /// The column.
        what: &'static str,
        /// Number of scores.
        expected: usize,
        /// Its number of values.
        found: usize,
    },
    /// A number is NaN or infinite.
    #[error("{what} of row {row} is {value}; every value must be a finite number")]
    NotFinite {
        /// The column.
        what: &'static str,
        /// Row, counted from 0 within the data given.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A weight below 0.
    #[error("the weight of row {row} is {value}; weights must be 0 or more")]
    NegativeWeight {
        /// Row, counted from 0.
        row: usize,
        /// The weight.
        value: f64,
    },
    /// All weights are 0.
    #[error("all weights are 0; at least one row needs a positive weight")]
    NoWeight,
    /// The embedding is not rows x width.
    #[error("the embedding has {found} numbers of width {width} for {rows} rows; {rows} x {width} are needed")]
    LatentShape {
        /// Number of rows.
        rows: usize,
        /// Numbers per row as given.
        width: usize,
        /// Numbers given.
        found: usize,
    },
    /// A score lies outside the range that a tally was made for.
    #[error("the score of row {row} is {value}, outside [{low}, {high}]; make the tally with a range that holds every score")]
    OutOfRange {
        /// Row, counted from 0 within the chunk.
        row: usize,
        /// The score.
        value: f64,
        /// Lower end of the range.
        low: f64,
        /// Upper end of the range.
        high: f64,
    },
    /// Two tallies do not measure the same thing.
    #[error("two tallies differ in {what}; only tallies made alike can be added")]
    Unlike {
        /// What differs.
        what: &'static str,
    },
    /// A tally cannot be written as bytes, or bytes hold none.
    #[error("the bytes of a tally: {problem}; {remedy}")]
    TallyBytes {
        /// What is wrong with them.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A group code that no level has.
    #[error("row {row} has the group code {code} but there are {levels} groups")]
    UnknownCode {
        /// Row, counted from 0 within the chunk.
        row: usize,
        /// The code.
        code: u32,
        /// Number of levels.
        levels: usize,
    },
    /// A size beyond its ceiling.
    #[error(transparent)]
    Limit(#[from] evenhand_catalog::limits::BeyondLimit),
    /// An interval plan that cannot be carried out.
    #[error("{name} = {value} is not allowed for intervals; it must be {expected}")]
    BadPlan {
        /// Field of the plan.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        expected: &'static str,
    },
    /// There is no job to measure.
    #[error("there are no jobs to measure; give the number of candidates of each job")]
    NoJobs,
    /// A column of rankings has not one value per candidate.
    #[error(
        "{what} has {found} values but the jobs hold {expected} candidates together; give one per candidate, job after job and best first"
    )]
    Candidates {
        /// The column.
        what: &'static str,
        /// Number of candidates of all jobs.
        expected: usize,
        /// Its number of values.
        found: usize,
    },
    /// The places in an original ranking are not 1, 2, ... each once.
    #[error(
        "place {place} in the original ranking of job {job} does not fit its {candidates} candidates; give the whole pool of a job, with each \
         place from 1 to their number once"
    )]
    OriginalPlace {
        /// Job, counted from 0.
        job: usize,
        /// The place that is 0, too large or given twice.
        place: u32,
        /// Candidates of the job.
        candidates: usize,
    },
    /// Wanted shares that are no shares.
    #[error("the wanted shares{} {problem}; give one share per group, 0 or more, summing to 1", job.map(|job| format!(" of job {job}")).unwrap_or_default())]
    WantedShares {
        /// Job, counted from 0, where each job has its own.
        job: Option<usize>,
        /// What is wrong with them.
        problem: String,
    },
    /// A cutoff that looks at no place.
    #[error("k = 0 looks at no place of a ranking; give 1 or more, or none for whole rankings")]
    NoPlaces,
    /// A metric id that is not known.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
}
