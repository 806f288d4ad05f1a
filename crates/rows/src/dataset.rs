//! The typed data set that every gate reads.

use crate::recordings::Recordings;
use crate::spellings::Spellings;
use crate::{Groups, RowsError, Scale};

/// The code of a missing value in a categorical column.
pub const MISSING: u32 = u32::MAX;

/// Values of one input column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Real numbers; a missing one is `NaN` here and nowhere later (the encoder replaces it and says so).
    Numeric(Vec<f64>),
    /// Codes into `levels`, [`MISSING`] for a missing value.
    Categorical {
        /// Names of the categories.
        levels: Vec<String>,
        /// A code per row.
        codes: Vec<u32>,
    },
}

impl Values {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Values::Numeric(numbers) => numbers.len(),
            Values::Categorical { codes, .. } => codes.len(),
        }
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether two rows hold the same value; a missing value equals another.
    pub(crate) fn equal(&self, one: usize, other: usize) -> bool {
        match self {
            Values::Numeric(numbers) => numbers[one] == numbers[other] || numbers[one].is_nan() && numbers[other].is_nan(),
            Values::Categorical { codes, .. } => codes[one] == codes[other],
        }
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Values::Numeric(numbers) => Values::Numeric(rows.iter().map(|&row| numbers[row]).collect()),
            Values::Categorical { levels, codes } => {
                Values::Categorical { levels: levels.clone(), codes: rows.iter().map(|&row| codes[row]).collect() }
            }
        }
    }
}

/// One input column of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Feature {
    /// Column name.
    pub name: String,
    /// Its values.
    pub values: Values,
    /// True when the recipe put a sensitive attribute among the inputs; the report says so.
    pub sensitive: bool,
}

/// What the label measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// 0 or 1, 1 being the favourable outcome.
    Binary,
    /// A score in [0, 1].
    Continuous,
}

/// The truth that the scorer learns.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Column name.
    pub name: String,
    /// Binary or continuous.
    pub kind: LabelKind,
    /// A value per row, inside [0, 1]; NaN where nothing was decided.
    pub values: Vec<f64>,
    /// The scale of the person's own numbers.
    pub scale: Scale,
}

/// An identity per row (a person, a job) as dense codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Column name.
    pub name: String,
    /// The distinct values, in order of first appearance.
    pub levels: Vec<String>,
    /// A code per row, an index into `levels`.
    pub codes: Vec<u32>,
}

/// The part of a split that a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The model learns from it.
    Train,
    /// It chooses the epoch.
    Validation,
    /// It judges the model.
    Test,
}

/// Where the rows came from, kept for the report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Provenance {
    /// Id of the loader.
    pub loader: String,
    /// Each file read (name without its folder) with bytes and sha256 in hexadecimal.
    pub files: Vec<FileDigest>,
    /// What was left out, cut or replaced on the way in, in plain sentences.
    pub notes: Vec<String>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigest {
    /// File name without its folder.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// sha256 in hexadecimal.
    pub sha256: String,
}

/// A table of candidates whose columns have their roles: inputs, label, sensitive attributes, ids and weights stand apart.
///
/// A sensitive attribute enters `features` only where the recipe says so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Dataset {
    /// Short name for tables and plots.
    pub name: String,
    /// Inputs of the model.
    pub features: Vec<Feature>,
    /// The truth, where there is one.
    pub label: Option<Label>,
    /// Further truths that a scorer may learn beside the label (personality traits beside the interview score).
    pub targets: Vec<Label>,
    /// Sensitive attributes and intersections, in the recipe's order.
    pub sensitive: Vec<Groups>,
    /// Whose row it is; one person never stands on both sides of a split.
    pub person: Option<Identity>,
    /// The job a candidate stands for.
    pub job: Option<Identity>,
    /// Sample weights, finite and not negative, with a positive sum.
    pub weights: Option<Vec<f64>>,
    /// The rows' recorded interviews, where the source has them.
    pub recordings: Option<Recordings>,
    /// The part that the corpus itself puts each row into, where the recipe asks for the corpus's own split
    /// ([`split::given`](crate::split::given)).
    pub parts: Option<Vec<Part>>,
    /// Number of the row in its source, counted from 1 at the first data row; survives selection and repetition.
    pub rows: Vec<u64>,
    /// Where the rows came from.
    pub provenance: Provenance,
}

impl Dataset {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The attribute with this name, or an error that names the known ones.
    pub fn groups(&self, name: &str) -> Result<&Groups, RowsError> {
        self.sensitive.iter().find(|groups| groups.name() == name).ok_or_else(|| RowsError::UnknownAttribute {
            name: name.to_owned(),
            known: self.sensitive.iter().map(Groups::name).collect::<Vec<_>>().join(", "),
        })
    }

    /// The columns of the source that an input is made of: those of the attribute whose groups it is, else the one of its name.
    pub(crate) fn columns_of_input<'a>(&'a self, input: &'a str) -> impl Iterator<Item = &'a str> {
        let attribute = self.sensitive.iter().find(|groups| groups.name() == input || groups.input_name() == input);
        std::iter::once(input).chain(attribute.into_iter().flat_map(Groups::columns).map(String::as_str))
    }

    /// The label, or an error that says which role is missing.
    pub fn label(&self) -> Result<&Label, RowsError> {
        self.label.as_ref().ok_or(RowsError::NoLabel)
    }

    /// Without the groups that no row has; a corpus whose rows were filtered should not name groups it left out.
    #[must_use]
    pub fn without_empty_levels(mut self) -> Self {
        self.sensitive = self.sensitive.iter().map(Groups::without_empty_levels).collect();
        for feature in &mut self.features {
            if let Values::Categorical { levels, codes } = &feature.values {
                let groups = Groups::new("", levels.clone(), codes.clone()).without_empty_levels();
                feature.values = Values::Categorical { levels: groups.levels().to_vec(), codes: groups.codes().to_vec() };
            }
        }
        self
    }

    /// With one category for all spellings of one thing in an input (`Rome` and `ROME`, `1` and `1.0`); the notes tell which were joined.
    #[must_use]
    pub fn with_joined_spellings(mut self) -> Self {
        for feature in &mut self.features {
            let Values::Categorical { levels, codes } = &feature.values else { continue };
            let spellings = Spellings::of(levels, codes);
            if spellings.joined.is_empty() {
                continue;
            }
            for (place, spelled) in &spellings.joined {
                let spelled: Vec<String> = spelled.iter().map(|text| format!("`{text}`")).collect();
                let note = format!("input `{}`: {} are taken as one, `{}`", feature.name, spelled.join(", "), spellings.levels[*place]);
                self.provenance.notes.push(note);
            }
            let codes = codes.iter().map(|&code| spellings.place(code)).collect();
            feature.values = Values::Categorical { levels: spellings.levels, codes };
        }
        self
    }

    /// The chosen rows in the chosen order; a row may be chosen more than once (oversampling).
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let label = |label: &Label| Label {
            name: label.name.clone(),
            kind: label.kind,
            values: rows.iter().map(|&row| label.values[row]).collect(),
            scale: label.scale,
        };
        let identity = |identity: &Identity| Identity {
            name: identity.name.clone(),
            levels: identity.levels.clone(),
            codes: rows.iter().map(|&row| identity.codes[row]).collect(),
        };
        Dataset {
            name: self.name.clone(),
            features: self
                .features
                .iter()
                .map(|feature| Feature { name: feature.name.clone(), values: feature.values.select(rows), sensitive: feature.sensitive })
                .collect(),
            label: self.label.as_ref().map(label),
            targets: self.targets.iter().map(label).collect(),
            sensitive: self.sensitive.iter().map(|groups| groups.select(rows)).collect(),
            person: self.person.as_ref().map(identity),
            job: self.job.as_ref().map(identity),
            weights: self.weights.as_ref().map(|weights| rows.iter().map(|&row| weights[row]).collect()),
            recordings: self.recordings.as_ref().map(|recordings| recordings.select(rows)),
            parts: self.parts.as_ref().map(|parts| rows.iter().map(|&row| parts[row]).collect()),
            rows: rows.iter().map(|&row| self.rows[row]).collect(),
            provenance: self.provenance.clone(),
        }
    }
}
