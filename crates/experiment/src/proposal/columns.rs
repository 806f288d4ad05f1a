//! What a column may be, by its name and its values together.

use evenhand_rows::roles::words::{Categories, Missing, is_undecided, known_decision, spelling_key, truth};
use evenhand_rows::roles::{Coded, Columns};
use evenhand_rows::screening::{identifying, repeats, words_of};
use evenhand_rows::{LabelRole, MISSING, SensitiveRole};

use super::Wishes;
use crate::ExperimentError;
use crate::inputs::Suspicion;

/// Names of labels, the likeliest first.
const LABELS: [&str; 18] = [
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
    "points",
    "bewertung",
    "punktzahl",
    "eingestellt",
];
/// Words in the names of sensitive attributes, in the order in which attributes are proposed; ages come last.
const SENSITIVE: [&[&str]; 3] = [
    &["gender", "sex", "geschlecht"],
    &["race", "ethnicity", "ethnic", "hispanic", "caste", "ancestry", "skin color", "skin colour"],
    &[
        "disability",
        "disabled",
        "nationality",
        "citizenship",
        "national origin",
        "native country",
        "country of birth",
        "birth country",
        "religion",
        "marital",
        "veteran",
        "sexual orientation",
        "pregnant",
        "pregnancy",
        "transgender",
        "group",
        "gruppe",
    ],
];
/// Words that name an attribute where they stand alone and other things elsewhere.
const WHOLE: [&str; 2] = ["group", "gruppe"];
const AGES: [&str; 2] = ["age", "alter"];
/// Words that may stand beside it: the age of an account is nobody's.
const BESIDE_AGES: [&str; 20] = [
    "candidate",
    "candidates",
    "applicant",
    "person",
    "employee",
    "student",
    "years",
    "year",
    "group",
    "band",
    "range",
    "class",
    "category",
    "in",
    "at",
    "of",
    "application",
    "hiring",
    "hire",
    "current",
];
const JOBS: [&str; 8] = ["job", "position", "role", "department", "vacancy", "requisition", "posting", "stelle"];
/// Words that may stand beside one of a job, and of them those that say that numbers are ids.
const BESIDE_JOBS: [&str; 6] = ["id", "code", "nr", "title", "name", "family"];
const NUMBERED: [&str; 3] = ["id", "code", "nr"];
/// Whole names of weights of rows: a weight of a body is none.
const WEIGHTS: [&str; 7] = ["weight", "weights", "sample weight", "sample weights", "row weight", "sampling weight", "survey weight"];
const PERSONS: [&str; 8] = ["id", "candidate", "person", "applicant", "employee", "user", "student", "uuid"];
/// Ranges that people rate in.
const RANGES: [(f64, f64); 10] =
    [(0.0, 1.0), (1.0, 5.0), (0.0, 3.0), (0.0, 4.0), (0.0, 5.0), (1.0, 7.0), (1.0, 10.0), (0.0, 10.0), (0.0, 20.0), (0.0, 100.0)];
/// Most groups of an attribute that is proposed.
const MOST_GROUPS: usize = 20;

/// A column that was looked at.
pub(super) struct Looked {
    pub(super) name: String,
    words: Vec<String>,
    coded: Coded,
    /// Different values that are not missing.
    known: Vec<String>,
    /// Its numbers, where it holds nothing else.
    numbers: Option<Vec<f64>>,
    /// Why it identifies somebody or stands for a group, if it does.
    pub(super) identifying: Option<String>,
}

/// Looks at every column; `texts` are those that the person says to mean "missing".
pub(super) fn look_at(table: &impl Columns, texts: &[String]) -> Vec<Looked> {
    let missing = Missing { texts };
    let look = |(at, name): (usize, &String)| {
        let coded = table.texts(at);
        let numbers =
            table.numbers(at, missing).ok().map(|numbers| numbers.values).filter(|values| values.iter().any(|value| value.is_finite()));
        let known = coded.levels.iter().filter(|level| !missing.group(level)).cloned().collect();
        Looked { name: name.clone(), words: words_of(name), identifying: identifying(name, &coded), known, coded, numbers }
    };
    table.names().iter().enumerate().map(look).collect()
}

impl Looked {
    /// Whether the name holds one of these words, or of these pairs of words.
    fn says(&self, known: &[&str]) -> bool {
        let name = format!(" {} ", self.words.join(" "));
        known.iter().any(|words| name.contains(&format!(" {words} ")))
    }

    /// The same, but for words that mean it where they stand alone.
    fn is_called(&self, known: &[&str]) -> bool {
        let (whole, part): (Vec<&str>, Vec<&str>) = known.iter().partition(|word| WHOLE.contains(word));
        self.says(&part) || self.words.len() == 1 && self.says(&whole)
    }

    /// Lowest and highest number.
    fn bounds(&self) -> Option<(f64, f64)> {
        let known = self.numbers.as_ref()?.iter().copied().filter(|number| number.is_finite());
        known.fold(None, |bounds: Option<(f64, f64)>, number| {
            Some(bounds.map_or((number, number), |(low, high)| (low.min(number), high.max(number))))
        })
    }

    /// Why the column says nothing, if it does.
    pub(super) fn says_nothing(&self) -> Option<Suspicion> {
        let reason = match self.coded.levels.as_slice() {
            [] => "it is empty".to_owned(),
            [only] if self.empty() == 0 => format!("it holds nothing but `{only}`"),
            _ => return None,
        };
        Some(Suspicion { column: self.name.clone(), reason })
    }

    /// Rows without a value.
    fn empty(&self) -> usize {
        self.coded.codes.iter().filter(|code| **code == MISSING).count()
    }

    /// Whether the text stands in the column, in whatever spelling.
    pub(super) fn holds(&self, text: &str) -> bool {
        let key = spelling_key(text.trim());
        self.coded.levels.iter().any(|level| spelling_key(level) == key)
    }

    fn can_be_label(&self, categories: &Categories) -> bool {
        if self.identifying.is_some() || self.known.len() < 2 {
            return false;
        }
        let written = self.known.iter().map(|level| categories.map(&self.name, level).unwrap_or(level));
        let words: Vec<&str> = written.filter(|word| !is_undecided(word)).collect();
        self.numbers.is_some() || words.iter().all(|word| truth(word).is_some()) || known_decision(words.iter().copied()).is_some()
    }

    /// How likely its name makes it the label; 0 where it says nothing.
    fn label_rank(&self) -> usize {
        let whole = self.words.join(" ");
        let place = |found: &dyn Fn(&str) -> bool| LABELS.iter().position(|label| found(label)).map_or(0, |at| LABELS.len() - at);
        if LABELS.contains(&whole.as_str()) {
            return 100 + place(&|label| whole == label);
        }
        // A test's score is what a candidate brings.
        if self.says(&["test", "exam"]) { 0 } else { place(&|label| self.says(&[label])) }
    }

    /// The range of a label: one that people rate in, or that of the numbers seen; `None` for 0 to 1. And whether it was merely seen.
    fn range(&self) -> (Option<(f64, f64)>, bool) {
        let Some((low, high)) = self.bounds() else { return (None, false) };
        // Two numbers are two decisions.
        if self.known.len() == 2 {
            return (Some((low, high)).filter(|range| *range != (0.0, 1.0)), false);
        }
        match RANGES.iter().find(|(least, most)| *least <= low && high <= *most) {
            // Numbers that do not reach both ends may belong to another range.
            Some(range) => (Some(*range).filter(|range| *range != (0.0, 1.0)), (low, high) != *range),
            None => (Some((low.floor(), high.ceil())), true),
        }
    }

    /// Whether the name says which job a row stands for, and not something about one: `job_title`, not `job_satisfaction`.
    fn is_job(&self) -> bool {
        let named = self.says(&JOBS) && self.words.iter().all(|word| JOBS.contains(&word.as_str()) || BESIDE_JOBS.contains(&word.as_str()));
        let numbered = self.says(&NUMBERED) || self.words.len() == 1 && (self.says(&["job", "position", "vacancy", "requisition"]));
        named && (self.numbers.is_none() || numbered)
    }

    fn is_id(&self) -> bool {
        self.says(&PERSONS) && self.identifying.as_ref().is_some_and(|reason| reason.contains("ids"))
    }
}

/// The proposed label.
pub(super) struct FoundLabel {
    pub(super) role: LabelRole,
    /// Other columns whose name says as much or less.
    pub(super) others: Vec<String>,
    pub(super) warnings: Vec<String>,
}

pub(super) fn label(table: &impl Columns, columns: &[Looked], wishes: &Wishes) -> Result<FoundLabel, ExperimentError> {
    let could = |column: &&Looked| column.can_be_label(&wishes.categories) && column.label_rank() > 0;
    let best = match &wishes.label {
        Some(name) => Some(&columns[table.position(name)?]),
        // The first of the likeliest.
        None => columns.iter().filter(could).rev().max_by_key(|column| column.label_rank()),
    };
    let Some(best) = best else {
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        return Err(ExperimentError::Request(format!(
            "no column of {} looks like a label (a rating, a score or a decision, by its name and its values); name it (`label`), and the \
             favourable values of one in words (`favourable`). The columns are {}",
            table.source(),
            super::listed(&names)
        )));
    };
    let mut warnings = Vec::new();
    let (range, seen) = if wishes.favourable.is_empty() { best.range() } else { (None, false) };
    let others: Vec<String> = if wishes.label.is_some() {
        Vec::new()
    } else {
        columns.iter().filter(could).filter(|column| column.name != best.name).map(|column| column.name.clone()).collect()
    };
    if !others.is_empty() {
        let verb = if others.len() == 1 { "could be" } else { "could each be" };
        warnings.push(format!("`{}` is taken for the label; {} {verb} it, too (`label`)", best.name, super::listed(&others)));
    }
    if let Some((low, high)) = range {
        if best.known.len() == 2 {
            warnings.push(format!(
                "label `{}` holds {low} and {high}; {high} is taken as the favourable one, name the other if it is that (`favourable`)",
                best.name
            ));
        } else if seen {
            warnings.push(format!(
                "label `{}`: its range {low} to {high} is a guess from the numbers seen, {}; correct it in the recipe if others are possible \
                 (`range` of the label)",
                best.name,
                best.bounds().map(|(least, most)| format!("{least} to {most}")).unwrap_or_default()
            ));
        }
    }
    let role = LabelRole { column: best.name.clone(), range, favourable: wishes.favourable.clone(), ..LabelRole::default() };
    Ok(FoundLabel { role, others, warnings })
}

/// The sensitive attributes that names and few values speak for, gender first and age last; then columns that by their name are sensitive and no
/// attribute, which are no inputs all the same.
pub(super) fn sensitive(columns: &[Looked], label: &str) -> (Vec<SensitiveRole>, Vec<Suspicion>) {
    let free = || columns.iter().filter(|column| column.name != label);
    let plain = |column: &Looked| SensitiveRole { name: column.name.clone(), columns: vec![column.name.clone()], rule: None };
    let mut roles = Vec::new();
    let mut left = Vec::new();
    for words in SENSITIVE {
        for column in free().filter(|column| column.is_called(words) && column.identifying.is_none()) {
            let twice = roles.iter().any(|role: &SensitiveRole| role.name == column.name);
            match column.known.len() {
                _ if twice => {}
                2..=MOST_GROUPS => roles.push(plain(column)),
                0 | 1 => {}
                many => left.push(Suspicion {
                    column: column.name.clone(),
                    reason: format!(
                        "by its name a sensitive attribute, with {many} groups more than the {MOST_GROUPS} that are proposed at most"
                    ),
                }),
            }
        }
    }
    let mut ages: Vec<(SensitiveRole, bool)> =
        free().filter_map(|column| age(column).map(|role| (role, column.numbers.is_some()))).collect();
    // One attribute of age; numbers say more than bands.
    ages.sort_by_key(|(_, numbers)| !numbers);
    let mut ages = ages.into_iter().map(|(role, _)| role);
    let first = ages.next();
    left.extend(
        ages.flat_map(|role| role.columns)
            .map(|column| Suspicion { column, reason: "by its name it tells an age, as another attribute does".to_owned() }),
    );
    roles.extend(first);
    (roles, left)
}

/// An age, cut at 40, or at its median where too few stand on one side; bands as they are.
fn age(column: &Looked) -> Option<SensitiveRole> {
    let own = column.words.iter().all(|word| AGES.contains(&word.as_str()) || BESIDE_AGES.contains(&word.as_str()));
    if !column.says(&AGES) || !own {
        return None;
    }
    let Some(numbers) = &column.numbers else {
        let few = (2..=MOST_GROUPS).contains(&column.known.len());
        return few.then(|| SensitiveRole { name: column.name.clone(), columns: vec![column.name.clone()], rule: None });
    };
    let mut known: Vec<f64> = numbers.iter().copied().filter(|number| number.is_finite()).collect();
    known.sort_by(f64::total_cmp);
    let median = *known.get(known.len() / 2)?;
    if column.known.len() < 2 || !(14.0..=100.0).contains(&median) {
        return None;
    }
    let older = known.iter().filter(|age| **age >= 40.0).count();
    let both = older * 20 >= known.len() && (known.len() - older) * 20 >= known.len();
    let rule = format!(">= {}", if both { 40.0 } else { median });
    Some(SensitiveRole { name: format!("{} {rule}", column.name), columns: vec![column.name.clone()], rule: Some(rule) })
}

/// Columns that by their name are sensitive and were not asked for: no inputs.
pub(super) fn not_asked_for(columns: &[Looked], label: &str, asked: &[SensitiveRole]) -> Vec<Suspicion> {
    let (roles, left) = sensitive(columns, label);
    let reason = "by its name a sensitive attribute, which was not asked for".to_owned();
    let plain = roles.into_iter().flat_map(|role| role.columns).map(|column| Suspicion { column, reason: reason.clone() });
    plain.chain(left).filter(|found| !asked.iter().any(|role| role.columns.contains(&found.column))).collect()
}

/// Columns that say whose a row is, what for, and how much it counts.
#[derive(Default)]
pub(super) struct Ids {
    pub(super) person: Option<String>,
    pub(super) job: Option<String>,
    pub(super) weight: Option<String>,
    pub(super) warnings: Vec<String>,
}

/// Proposes them among the columns that have no other role.
pub(super) fn ids(free: &[&Looked], rows: usize) -> Ids {
    let mut warnings = Vec::new();
    let mut full = |found: Option<&&Looked>, role: &str| {
        let column = found?;
        if column.empty() == 0 {
            return Some(column.name.clone());
        }
        let rows = if column.empty() == 1 { "row" } else { "rows" };
        warnings.push(format!(
            "`{}` is empty in {} {rows} and therefore not taken as the {role}; fill in what is missing and name the column in the recipe (`{role}`)",
            column.name,
            column.empty()
        ));
        None
    };
    // Somebody with several rows is who must not stand on two sides.
    let person = free.iter().find(|column| column.is_id() && repeats(&column.coded)).or_else(|| free.iter().find(|column| column.is_id()));
    let person = full(person, "person");
    let job = free
        .iter()
        .find(|column| column.is_job() && column.identifying.is_none() && !column.is_id() && (2..=rows / 5).contains(&column.known.len()));
    let job = full(job, "job");
    let weighs = |column: &&&Looked| {
        WEIGHTS.contains(&column.words.join(" ").as_str()) && column.bounds().is_some_and(|(low, high)| low >= 0.0 && high > 0.0)
    };
    let weight = full(free.iter().find(weighs), "weight");
    if let Some(name) = &weight {
        warnings
            .push(format!("`{name}` is taken for how much a row counts; take it out of the recipe if it says anything else (`weight`)"));
    }
    Ids { person, job, weight, warnings }
}
