//! A recipe proposed from the columns of a table: `evenhand init`.
//!
//! Roles come from names and values together; which columns are no inputs is settled where a comparison settles it ([`evenhand_rows::screening`]).

use std::fmt::Write as _;
use std::path::Path;

use evenhand_data::table::{self, TableSettings};
use evenhand_rows::roles::words::{Missing, known_decision, simplified, truth};
use evenhand_rows::roles::{Coded, Columns};
use evenhand_rows::screening::{identifying, repeats, words_of};
use evenhand_rows::{Dataset, LabelRole, Schema, SensitiveRole};

use crate::ExperimentError;
use crate::inputs::{Suspicion, Told, suspicious, tell_groups};

/// Names of labels, the likeliest first.
const LABELS: [&str; 14] = [
    "label",
    "rating",
    "outcome",
    "hired",
    "decision",
    "selected",
    "passed",
    "target",
    "result",
    "recommendation",
    "recommended",
    "grade",
    "performance",
    "score",
];
/// Names of sensitive attributes.
const SENSITIVE: [&str; 19] = [
    "gender",
    "sex",
    "race",
    "ethnicity",
    "ethnic",
    "disability",
    "disabled",
    "nationality",
    "citizenship",
    "religion",
    "marital",
    "veteran",
    "orientation",
    "pregnant",
    "geschlecht",
    "caste",
    "hispanic",
    "origin",
    "ancestry",
];
const JOBS: [&str; 8] = ["job", "position", "role", "department", "vacancy", "requisition", "posting", "occupation"];
const WEIGHTS: [&str; 2] = ["weight", "weights"];
const PERSONS: [&str; 8] = ["id", "candidate", "person", "applicant", "employee", "user", "student", "uuid"];
/// Ranges that people rate in.
const RANGES: [(f64, f64); 6] = [(0.0, 1.0), (1.0, 5.0), (1.0, 7.0), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0)];
/// Most groups of an attribute that is proposed.
const MOST_GROUPS: usize = 20;
/// Fewer test rows of a group than this leave its numbers wide.
const FEW: usize = 30;
/// The share of rows that are tested.
const TEST: f64 = 0.2;

/// What somebody asked for beside the proposal.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The label's column.
    pub label: Option<String>,
    /// Sensitive attributes, written as for an audit.
    pub sensitive: Vec<String>,
}

/// Proposed roles, and what was found in the inputs that remain.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// Rows that were read.
    pub rows: usize,
    /// The label.
    pub label: LabelRole,
    /// Other columns that could be the label.
    pub other_labels: Vec<String>,
    /// Sensitive attributes.
    pub sensitive: Vec<SensitiveRole>,
    /// Groups with their rows, by attribute.
    pub groups: Vec<(String, Vec<(String, usize)>)>,
    /// Person.
    pub person: Option<String>,
    /// Job.
    pub job: Option<String>,
    /// Weight.
    pub weight: Option<String>,
    /// Inputs.
    pub inputs: Vec<String>,
    /// Columns that identify a person or stand for a group.
    pub left_out: Vec<Suspicion>,
    /// Columns that give the label away.
    pub excluded: Vec<Suspicion>,
    /// How well the inputs tell the groups.
    pub told: Vec<Told>,
    /// Warnings.
    pub warnings: Vec<String>,
}

/// A column that was looked at.
struct Looked {
    name: String,
    words: Vec<String>,
    coded: Coded,
    numbers: Option<Vec<f64>>,
    identifying: Option<String>,
}

impl Looked {
    fn says(&self, known: &[&str]) -> bool {
        self.words.iter().any(|word| known.contains(&word.as_str()))
    }

    fn known(&self) -> Vec<&str> {
        let missing = Missing { texts: &[] };
        self.coded.levels.iter().map(String::as_str).filter(|level| !missing.group(level)).collect()
    }

    /// Lowest and highest number.
    fn bounds(&self) -> Option<(f64, f64)> {
        let known = self.numbers.as_ref()?.iter().copied().filter(|number| number.is_finite());
        known.fold(None, |bounds: Option<(f64, f64)>, number| {
            Some(bounds.map_or((number, number), |(low, high)| (low.min(number), high.max(number))))
        })
    }

    fn can_be_label(&self) -> bool {
        let levels = self.known();
        if self.identifying.is_some() || levels.len() < 2 {
            return false;
        }
        self.numbers.is_some() || levels.iter().all(|level| truth(level).is_some()) || known_decision(levels.iter().copied()).is_some()
    }

    /// How likely its name makes it the label; 0 where it says nothing.
    fn label_rank(&self) -> usize {
        let whole = self.words.join(" ");
        let place = |found: fn(&str, &Looked) -> bool| LABELS.iter().position(|label| found(label, self)).map_or(0, |at| LABELS.len() - at);
        if LABELS.contains(&whole.as_str()) {
            return 100 + place(|label, looked| looked.words.join(" ") == label);
        }
        let tested = self.says(&["test", "exam"]);
        if tested { 0 } else { place(|label, looked| looked.words.iter().any(|word| word == label)) }
    }

    fn range(&self) -> Option<(f64, f64)> {
        let (low, high) = self.bounds()?;
        let fits = RANGES.iter().find(|(least, most)| *least <= low && high <= *most).copied();
        fits.or(Some((low.floor(), high.ceil()))).filter(|range| *range != (0.0, 1.0))
    }
}

/// Looks at the columns of files and proposes roles; an error where no column can be the label or none is left as an input.
pub fn propose(files: &[String], settings: &TableSettings, wishes: &Wishes) -> Result<Proposal, ExperimentError> {
    let table = table::look(files, settings)?;
    let columns = look_at(&table);
    let (label, other_labels) = label(&table, &columns, wishes)?;
    let sensitive = if wishes.sensitive.is_empty() {
        columns.iter().filter(|column| column.name != label.column).filter_map(attribute).collect()
    } else {
        wishes.sensitive.iter().map(|text| SensitiveRole::parse(text, table.names())).collect::<Result<Vec<_>, _>>()?
    };
    let taken = |name: &String| *name == label.column || sensitive.iter().any(|role| role.columns.contains(name));
    let free: Vec<&Looked> = columns.iter().filter(|column| !taken(&column.name)).collect();
    let find = |fits: &dyn Fn(&Looked) -> bool| free.iter().find(|column| fits(column)).map(|column| column.name.clone());
    let is_id = |column: &Looked| {
        column.says(&PERSONS) && column.identifying.as_ref().is_some_and(|reason| reason.contains("ids")) && column.coded.levels.len() > 1
    };
    let person = find(&|column| is_id(column) && repeats(&column.coded)).or_else(|| find(&is_id));
    let job = find(&|column| {
        column.says(&JOBS)
            && column.identifying.is_none()
            && (2..=table.rows() / 5).contains(&column.known().len())
            && Some(&column.name) != person.as_ref()
    });
    let weight = find(&|column| column.says(&WEIGHTS) && column.bounds().is_some_and(|(low, high)| low >= 0.0 && high > 0.0));
    let mut schema = Schema {
        screened: true,
        label: Some(label.clone()),
        sensitive: sensitive.clone(),
        person: person.clone(),
        job: job.clone(),
        weight: weight.clone(),
        ..Schema::default()
    };
    let data = table::read(files, &schema, settings)?;
    let excluded = suspicious(&data)?;
    schema.exclude = excluded.iter().map(|found| found.column.clone()).collect();
    let mut kept = data;
    kept.features.retain(|feature| !schema.exclude.contains(&feature.name));
    let inputs: Vec<String> = kept.features.iter().map(|feature| feature.name.clone()).collect();
    let has_role = |name: &String| [&person, &job, &weight].into_iter().flatten().any(|column| column == name);
    let left_out: Vec<Suspicion> = free
        .iter()
        .filter(|column| !has_role(&column.name))
        .filter_map(|column| column.identifying.clone().map(|reason| Suspicion { column: column.name.clone(), reason }))
        .collect();
    if inputs.is_empty() {
        return Err(ExperimentError::Request(no_input(&left_out, &excluded)));
    }
    let (groups, mut warnings) = few_rows(&kept);
    if sensitive.is_empty() {
        return Err(ExperimentError::Setting {
            setting: "sensitive",
            value: String::new(),
            message: "no column looks like a sensitive attribute (gender, ethnicity, age, ...); name one by its column".to_owned(),
        });
    }
    if !other_labels.is_empty() {
        warnings.push(format!("`{}` is taken for the label; {} could be it, too (`label`)", label.column, listed(&other_labels)));
    }
    let told = tell_groups(&kept)?;
    Ok(Proposal {
        rows: kept.len(),
        label,
        other_labels,
        sensitive,
        groups,
        person,
        job,
        weight,
        inputs,
        left_out,
        excluded,
        told,
        warnings,
    })
}

fn look_at(table: &impl Columns) -> Vec<Looked> {
    let missing = Missing { texts: &[] };
    let look = |(at, name): (usize, &String)| {
        let coded = table.texts(at);
        let numbers =
            table.numbers(at, missing).ok().map(|numbers| numbers.values).filter(|values| values.iter().any(|value| value.is_finite()));
        Looked { name: name.clone(), words: words_of(name), identifying: identifying(name, &coded), coded, numbers }
    };
    table.names().iter().enumerate().map(look).collect()
}

/// The label, and other columns whose name says as much.
fn label(table: &impl Columns, columns: &[Looked], wishes: &Wishes) -> Result<(LabelRole, Vec<String>), ExperimentError> {
    let role = |column: &Looked| LabelRole { column: column.name.clone(), range: column.range(), ..LabelRole::default() };
    if let Some(name) = &wishes.label {
        return Ok((role(&columns[table.position(name)?]), Vec::new()));
    }
    let ranked = |column: &&Looked| column.label_rank();
    let best = columns.iter().filter(|column| column.can_be_label() && column.label_rank() > 0).rev().max_by_key(ranked);
    let Some(best) = best else {
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        return Err(ExperimentError::Request(format!(
            "no column of {} looks like a label: a rating, a score or a decision, by its name and its values; name it (`label`). The columns are {}",
            table.source(),
            listed(&names)
        )));
    };
    let equal = |column: &&Looked| column.can_be_label() && column.label_rank() == best.label_rank() && column.name != best.name;
    Ok((role(best), columns.iter().filter(equal).map(|column| column.name.clone()).collect()))
}

/// A sensitive attribute, by name and few values; an age is cut at 40, or at its median where too few stand on one side.
fn attribute(column: &Looked) -> Option<SensitiveRole> {
    let plain = |rule: Option<String>| {
        let name = rule.as_ref().map_or_else(|| column.name.clone(), |rule| format!("{} {rule}", column.name));
        Some(SensitiveRole { name, columns: vec![column.name.clone()], rule })
    };
    let different = column.known().len();
    if column.says(&["age", "alter"]) {
        let Some(numbers) = &column.numbers else { return if (2..=MOST_GROUPS).contains(&different) { plain(None) } else { None } };
        let mut known: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).collect();
        known.sort_by(f64::total_cmp);
        let median = *known.get(known.len() / 2)?;
        if !(14.0..=100.0).contains(&median) {
            return None;
        }
        let older = known.iter().filter(|age| **age >= 40.0).count();
        let cut = if older * 20 >= known.len() && (known.len() - older) * 20 >= known.len() { 40.0 } else { median.round() };
        return plain(Some(format!(">= {cut}")));
    }
    let few = (2..=MOST_GROUPS).contains(&different);
    if column.says(&SENSITIVE) && few && column.identifying.is_none() { plain(None) } else { None }
}

/// Rows by group, and warnings of few.
fn few_rows(data: &Dataset) -> (Vec<(String, Vec<(String, usize)>)>, Vec<String>) {
    let mut warnings = Vec::new();
    let mut all = Vec::new();
    for groups in &data.sensitive {
        let mut counted = Vec::new();
        for (code, group) in groups.levels().iter().enumerate() {
            let rows: Vec<usize> = (0..data.len()).filter(|&row| groups.codes()[row] as usize == code).collect();
            let tested = (rows.len() as f64 * TEST).round() as usize;
            if tested < FEW {
                warnings.push(format!(
                    "{}: `{group}` has {} rows, some {tested} of them in the test part; fewer than {FEW} leave its numbers wide",
                    groups.name(),
                    rows.len()
                ));
            }
            counted.push((group.clone(), rows.len()));
        }
        all.push((groups.name().to_owned(), counted));
    }
    (all, warnings)
}

fn no_input(left_out: &[Suspicion], excluded: &[Suspicion]) -> String {
    let told: Vec<String> = left_out.iter().chain(excluded).map(|found| format!("`{}` ({})", found.column, found.reason)).collect();
    let why = if told.is_empty() { "there is no column without another role".to_owned() } else { told.join("; ") };
    format!("no column is left as an input: {why}. Add columns that say what a candidate can do")
}

fn listed(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string().replace('\n', "\\n")
}

fn quoted_list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// A comment may hold no sign that ends its line.
fn comment(text: &str) -> String {
    text.chars().map(|sign| if sign.is_control() { ' ' } else { sign }).collect()
}

impl Proposal {
    /// The recipe as a commented text; `file` as it is named from the recipe's folder, `settings` as it was read.
    pub fn recipe(&self, file: &str, settings: &TableSettings) -> String {
        let mut text = String::new();
        let title = Path::new(file).file_stem().map_or_else(|| file.to_owned(), |stem| simplified(&stem.to_string_lossy()));
        let _ = writeln!(
            text,
            "# Proposed by `evenhand init` from {} rows. Every line may be changed; `evenhand catalog recipe` explains all keys.",
            self.rows
        );
        let _ = writeln!(text, "name = {}                # heading of the report", quoted(&title));
        text.push_str("seeds = [0, 1, 2]                # each method is trained once a seed\n\n[data]\n");
        text.push_str("loader = \"table\"                 # a file of your own\n");
        let _ = writeln!(text, "files = [{}]              # paths start at this file's folder", quoted(file));
        reading_keys(&mut text, settings);
        for (key, column, says) in [
            ("person", &self.person, "one person never stands in training and test"),
            ("job", &self.job, "the job that a candidate stands for"),
            ("weight", &self.weight, "sample weight"),
        ] {
            if let Some(column) = column {
                let _ = writeln!(text, "{key} = {}    # {says}", quoted(column));
            }
        }
        let excluded: Vec<String> = self.excluded.iter().map(|found| found.column.clone()).collect();
        for found in &self.excluded {
            let _ = writeln!(text, "# {}: {}", comment(&found.column), comment(&found.reason));
        }
        let _ = writeln!(text, "exclude = {}    # no inputs", quoted_list(&excluded));
        if !self.left_out.is_empty() {
            text.push_str("# Left out, as they identify a person or may stand for a group:\n");
            for found in &self.left_out {
                let _ = writeln!(text, "#   {}: {}", comment(&found.column), comment(&found.reason));
            }
        }
        text.push_str("include = []    # columns of these that are inputs all the same\n");
        let _ = writeln!(text, "# Inputs: {}", comment(&self.inputs.join(", ")));
        let _ = writeln!(text, "\n[data.label]\ncolumn = {}    # what the scorer learns", quoted(&self.label.column));
        if let Some((low, high)) = self.label.range {
            let _ = writeln!(text, "range = [{low:?}, {high:?}]    # lowest and highest possible label");
        }
        for role in &self.sensitive {
            text.push_str("\n[[data.sensitive]]\n");
            let _ = writeln!(text, "name = {}    # in the report; the methods act on the first attribute", quoted(&role.name));
            match role.columns.as_slice() {
                [only] => _ = writeln!(text, "column = {}    # never an input", quoted(only)),
                several => _ = writeln!(text, "columns = {}    # their intersection", quoted_list(several)),
            }
            if let Some(rule) = &role.rule {
                let _ = writeln!(text, "rule = {}    # two groups, cut here", quoted(rule));
            }
        }
        text.push_str(METHODS);
        text
    }
}

/// Keys for what the reader was told.
fn reading_keys(text: &mut String, settings: &TableSettings) {
    let file = &settings.file;
    let words = [
        ("separator", file.separator.map(|separator| separator.word().to_owned())),
        ("worksheet", file.worksheet.clone()),
        ("encoding", file.encoding.map(|encoding| encoding.word().to_owned())),
        ("decimal", file.decimal.map(|sign| if sign == ',' { "comma" } else { "point" }.to_owned())),
    ];
    for (key, word) in words {
        if let Some(word) = word {
            let _ = writeln!(text, "{key} = {}    # as it was read", quoted(&word));
        }
    }
    if let Some(lines) = file.skip_lines {
        let _ = writeln!(text, "skip_lines = {lines}    # lines above the header");
    }
}

const METHODS: &str = r#"
[split]
kind = "hold-out"                # rows are drawn by seed
shares = [0.6, 0.2, 0.2]         # training, validation (chooses the epoch), test

[model]
hidden = [32]                    # one layer of so many units

[training]
epochs = 40                      # at most so many passes over the training rows
batch_size = 64                  # rows a step
learning_rate = 0.005            # length of a step
patience = 10                    # ends after so many epochs without a gain on validation rows

# [limits]
# spdd = 0.05                    # a limit of your own: exit code 1 where it is breached

[[method]]
name = "vanilla"                 # the scorer as it comes out, beside which the next one stands
objective = "vanilla"            # prediction alone

[[method]]
name = "wasserstein"             # trained towards score distributions that are alike
objective = { id = "wasserstein", lambda_w = 0.1 }    # the weight to sweep
"#;
