//! Training rows as a table to be learned, and a table of made rows as training rows.

use evenhand_learn::LearnError;
use evenhand_rebalance::RebalanceError;
use evenhand_rebalance::balanced::{Balance, balanced_apart};
use evenhand_rebalance::quality;
use evenhand_rebalance::shares::Shares;
use evenhand_rebalance::synthesis::{Cells, Column, Form, Table};
use evenhand_rows::seed::generator_for;
use evenhand_rows::{Dataset, Feature, Groups, Label, LabelKind, MISSING, UNKNOWN, Values};

use super::fits::Fits;
use crate::fitting::Watched;
use crate::recipe::SynthesisSection;
use crate::report::Synthesis;
use crate::{ExperimentError, evidence};
use evenhand_audit::balance::fitted_for;

/// Decimals that a made number is rounded to where the training rows' numbers have more.
const DECIMALS: usize = 6;

/// What stands where in the table of a data set.
#[derive(Debug)]
struct Layout {
    /// Columns of the inputs; an input that repeats an attribute stands in its column.
    features: Vec<usize>,
    label: usize,
    targets: Vec<usize>,
    /// Columns of the attributes; an intersection has none and is joined again.
    sensitive: Vec<Option<usize>>,
}

/// How the tilt of made rows is told.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    pub(crate) name: &'a str,
    pub(crate) threshold: f64,
    /// The groups that the tilt compares.
    pub(crate) pair: (String, String),
}

/// How rows are made in the place of others.
#[derive(Debug)]
pub(crate) struct Making<'a> {
    pub(crate) section: &'a SynthesisSection,
    /// The attribute whose groups get wanted shares.
    pub(crate) attribute: &'a str,
    pub(crate) seed: u64,
    /// Where fits are kept.
    pub(crate) fits: &'a Fits<'a>,
    pub(crate) watched: Watched<'a>,
    /// How the tilt of the made rows is told; `None` where it is not.
    pub(crate) stage: Option<Stage<'a>>,
}

/// Learns the training rows and makes balanced ones in their place. `holdout` are rows that nobody learns from.
pub(crate) fn replace_rows(making: Making<'_>, train: &Dataset, holdout: &Dataset) -> Result<(Dataset, Synthesis), ExperimentError> {
    make_rows(making, train, holdout).map_err(|error| match error {
        ExperimentError::Rebalance(RebalanceError::Stopped) => {
            ExperimentError::Learn(LearnError::Interrupted { epoch: 0, checkpoint: None })
        }
        other => other,
    })
}

fn make_rows(making: Making<'_>, train: &Dataset, holdout: &Dataset) -> Result<(Dataset, Synthesis), ExperimentError> {
    let Making { section, attribute, seed, fits, watched, stage } = making;
    let rng = &mut generator_for(seed, "synthesise");
    let (table, layout) = table_of(train)?;
    let (unseen, _) = table_of(holdout)?;
    let said = |what: &str, reason: String| ExperimentError::Request(format!("synthesise.{what}: {reason}"));
    let position =
        train.sensitive.iter().position(|groups| groups.name() == attribute).and_then(|at| layout.sensitive[at]).ok_or_else(|| {
            said("groups", format!("`{attribute}` is an intersection, and a row is made for one attribute; put a plain one first"))
        })?;
    let binary = train.label()?.kind == LabelKind::Binary;
    let label = binary.then(|| table.columns[layout.label].name.clone());
    let asked: Vec<&str> = std::iter::once(table.columns[position].name.as_str()).chain(label.as_deref()).collect();
    let generator = fits.generator(&fitted_for(&section.method, &asked), &table, seed, watched)?;
    let balance = Balance {
        group: table.columns[position].name.clone(),
        group_shares: Shares::parse(&section.groups).map_err(|reason| said("groups", reason))?,
        label,
        label_shares: Shares::parse(&section.labels).map_err(|reason| said("labels", reason))?,
        rows: section.rows.unwrap_or_else(|| train.len()),
        keep_copies: section.keep_copies,
    };
    let apart: Vec<&Table> = Some(&unseen).filter(|table| table.rows() > 0).into_iter().collect();
    let made = balanced_apart(generator.as_ref(), &table, &apart, &balance, rng)?;
    let quality = quality::measure(&table, Some(&unseen).filter(|table| table.rows() > 0), &made.table, section.compared, rng)?;
    let rows = dataset_of(&made.table, &layout, train);
    let tilt = match stage {
        Some(stage) => evidence::tilt(stage.name, &rows, attribute, Some(stage.pair), stage.threshold)?.into_iter().collect(),
        None => Vec::new(),
    };
    let told = Synthesis {
        method: section.method.summary(),
        cells: made.cells,
        copies: made.copies,
        judged_on: 0,
        other_jobs: false,
        quality,
        losses: generator.losses().to_vec(),
        tilt,
    };
    Ok((rows, told))
}

fn table_of(data: &Dataset) -> Result<(Table, Layout), ExperimentError> {
    if data.recordings.is_some() {
        return Err(ExperimentError::Request("synthesise makes rows of tables, and these rows have recordings; leave it out".to_owned()));
    }
    if data.weights.as_ref().is_some_and(|weights| weights.iter().any(|weight| *weight != weights[0])) {
        return Err(ExperimentError::Request(
            "synthesise learns every row alike, and these rows have weights (of `reweighing`, or of data.weight); leave one of the two out"
                .to_owned(),
        ));
    }
    let mut columns: Vec<Column> = Vec::new();
    let mut add = |name: &str, cells: Cells| {
        let mut free = name.to_owned();
        while columns.iter().any(|column| column.name == free) {
            free.push('\'');
        }
        columns.push(Column { name: free, cells });
        columns.len() - 1
    };
    let sensitive: Vec<Option<usize>> =
        data.sensitive.iter().map(|groups| (groups.columns().len() < 2).then(|| add(groups.name(), of_groups(groups)))).collect();
    for (groups, column) in data.sensitive.iter().zip(&sensitive) {
        let known = |name: &String| data.sensitive.iter().any(|other| other.name() == name && other.columns().len() < 2);
        if column.is_none() && !groups.columns().iter().all(known) {
            return Err(ExperimentError::Request(format!(
                "synthesise: `{}` is made of {}, which must be attributes themselves so that made rows can be joined again; name them under \
                 data.sensitive",
                groups.name(),
                groups.columns().join(", ")
            )));
        }
    }
    let mut features = Vec::new();
    for feature in &data.features {
        let twin = data.sensitive.iter().zip(&sensitive).find(|(groups, column)| column.is_some() && repeats(feature, groups));
        match twin {
            Some((_, Some(column))) => features.push(*column),
            _ if feature.sensitive => {
                return Err(ExperimentError::Request(format!(
                    "synthesise: the input `{}` tells an attribute in another form, so that a made row could contradict itself; leave \
                     data.sensitive_as_features out, or make the groups inputs (\"groups\")",
                    feature.name
                )));
            }
            _ => features.push(add(&feature.name, of_values(&feature.values))),
        }
    }
    let label = data.label()?;
    let label_cells = match label.kind {
        LabelKind::Binary => Cells::Categories {
            levels: vec!["0".to_owned(), "1".to_owned()],
            codes: label.values.iter().map(|&value| u32::from(value >= 0.5)).collect(),
        },
        LabelKind::Continuous => numbers(&label.values),
    };
    let label_column = add(&label.name, label_cells);
    let targets = data.targets.iter().map(|target| add(&target.name, numbers(&target.values))).collect();
    Ok((Table { columns }, Layout { features, label: label_column, targets, sensitive }))
}

/// Whether an input holds the groups of an attribute, row by row.
fn repeats(feature: &Feature, groups: &Groups) -> bool {
    let Values::Categorical { levels, codes } = &feature.values else { return false };
    let same = |(&code, &group): (&u32, &u32)| match (code, group) {
        (MISSING, UNKNOWN) => true,
        (MISSING, _) | (_, UNKNOWN) => false,
        _ => levels[code as usize] == groups.levels()[group as usize],
    };
    levels == groups.levels() && codes.iter().zip(groups.codes()).all(same)
}

fn of_groups(groups: &Groups) -> Cells {
    let code = |&code: &u32| if code == UNKNOWN { MISSING } else { code };
    Cells::Categories { levels: groups.levels().to_vec(), codes: groups.codes().iter().map(code).collect() }
}

fn of_values(values: &Values) -> Cells {
    match values {
        Values::Numeric(values) => numbers(values),
        Values::Categorical { levels, codes } => Cells::Categories { levels: levels.clone(), codes: codes.clone() },
    }
}

fn numbers(values: &[f64]) -> Cells {
    let whole = values.iter().all(|value| value.is_nan() || value.fract() == 0.0);
    let exact = |decimals: usize| {
        let scale = 10_f64.powi(decimals as i32);
        values.iter().all(|value| value.is_nan() || ((value * scale).round() / scale - value).abs() <= 1e-12 * value.abs())
    };
    let decimals = (1..DECIMALS).find(|&decimals| exact(decimals)).unwrap_or(DECIMALS);
    Cells::Numbers { form: if whole { Form::Integer } else { Form::Real { decimals } }, values: values.to_vec() }
}

/// Made rows as training rows: without persons, jobs and weights, which nobody has.
fn dataset_of(table: &Table, layout: &Layout, like: &Dataset) -> Dataset {
    let cells = |column: usize| &table.columns[column].cells;
    let values_of = |column: usize| match cells(column) {
        Cells::Numbers { values, .. } => Values::Numeric(values.clone()),
        Cells::Categories { levels, codes } => Values::Categorical { levels: levels.clone(), codes: codes.clone() },
    };
    let number_of = |column: usize| -> Vec<f64> {
        match cells(column) {
            Cells::Numbers { values, .. } => values.iter().map(|value| value.clamp(0.0, 1.0)).collect(),
            Cells::Categories { codes, .. } => codes.iter().map(|&code| f64::from(code == 1)).collect(),
        }
    };
    let mut data = Dataset {
        name: like.name.clone(),
        provenance: like.provenance.clone(),
        rows: (1..=table.rows() as u64).collect(),
        ..Dataset::default()
    };
    data.features = like
        .features
        .iter()
        .zip(&layout.features)
        .map(|(feature, &column)| Feature { values: values_of(column), ..feature.clone() })
        .collect();
    data.label = like.label.as_ref().map(|label| Label { values: number_of(layout.label), ..label.clone() });
    data.targets =
        like.targets.iter().zip(&layout.targets).map(|(target, &column)| Label { values: number_of(column), ..target.clone() }).collect();
    let plain: Vec<Option<Groups>> = like
        .sensitive
        .iter()
        .zip(&layout.sensitive)
        .map(|(groups, column)| match column.map(cells) {
            Some(Cells::Categories { levels, codes }) => {
                let code = |&code: &u32| if code == MISSING { UNKNOWN } else { code };
                let codes = codes.iter().map(code).collect();
                Some(Groups::new(groups.name(), levels.clone(), codes).made_of(groups.columns().to_vec()))
            }
            _ => None,
        })
        .collect();
    data.sensitive = like
        .sensitive
        .iter()
        .zip(&plain)
        .map(|(groups, made)| {
            if let Some(made) = made {
                return made.clone();
            }
            let parts: Vec<&Groups> =
                groups.columns().iter().filter_map(|name| plain.iter().flatten().find(|part| part.name() == name)).collect();
            Groups::intersection(&parts).renamed(groups.name())
        })
        .collect();
    data
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::steps::example::{method, rows};
    use evenhand_rows::Provenance;

    fn data() -> Dataset {
        let groups = Groups::new("gender", vec!["f".to_owned(), "m".to_owned()], vec![0, 1, UNKNOWN, 1]);
        let race = Groups::new("race", vec!["a".to_owned(), "b".to_owned()], vec![0, 0, 1, 1]);
        let feature = |name: &str, values: Values| Feature { name: name.to_owned(), values, sensitive: false };
        Dataset {
            name: "x".to_owned(),
            features: vec![
                feature("years", Values::Numeric(vec![1.0, 2.0, f64::NAN, 4.0])),
                feature("grade", Values::Numeric(vec![1.25, 2.5, 3.0, 4.0])),
                feature("degree", Values::Categorical { levels: vec!["no".to_owned(), "yes".to_owned()], codes: vec![0, 1, MISSING, 1] }),
                Feature {
                    name: "gender (group)".to_owned(),
                    values: Values::Categorical { levels: groups.levels().to_vec(), codes: vec![0, 1, MISSING, 1] },
                    sensitive: true,
                },
            ],
            label: Some(Label {
                name: "hired".to_owned(),
                kind: LabelKind::Binary,
                values: vec![0.0, 1.0, 1.0, 0.0],
                scale: evenhand_rows::Scale::default(),
            }),
            sensitive: vec![groups.clone(), race.clone(), Groups::intersection(&[&groups, &race])],
            rows: vec![1, 2, 3, 4],
            provenance: Provenance::default(),
            ..Dataset::default()
        }
    }

    #[test]
    fn a_table_of_training_rows_gives_them_back() {
        let data = data();
        let (table, layout) = table_of(&data).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["gender", "race", "years", "grade", "degree", "hired"]);
        assert!(matches!(table.columns[2].cells, Cells::Numbers { form: Form::Integer, .. }));
        assert!(matches!(table.columns[3].cells, Cells::Numbers { form: Form::Real { decimals: 2 }, .. }));
        let back = dataset_of(&table, &layout, &data);
        assert_eq!(back.label, data.label);
        assert_eq!(back.sensitive, data.sensitive);
        // NaN is no equal of itself.
        assert_eq!(format!("{:?}", back.features), format!("{:?}", data.features));
        // The input that repeats the attribute follows it.
        let turned = dataset_of(&table.select(&[3, 0]), &layout, &data);
        assert_eq!(turned.features[3].values, Values::Categorical { levels: vec!["f".to_owned(), "m".to_owned()], codes: vec![1, 0] });
        assert_eq!(turned.sensitive[2].level(turned.sensitive[2].codes()[0]), "m x b");
    }

    #[test]
    fn what_made_rows_could_contradict_is_refused() {
        let mut other = data();
        other.features[3].values = Values::Numeric(vec![20.0, 30.0, 40.0, 50.0]);
        assert!(table_of(&other).unwrap_err().to_string().contains("tells an attribute in another form"));
        let mut lonely = data();
        lonely.sensitive.remove(1);
        assert!(table_of(&lonely).unwrap_err().to_string().contains("must be attributes themselves"));
    }

    #[test]
    fn made_rows_have_the_wanted_shares_and_are_made_again() {
        let (train, holdout) = (rows(80), rows(20));
        let folder = tempfile::tempdir().unwrap();
        let section = method("[method.synthesise]\nmethod = \"gaussian-copula\"\nrows = 40").synthesise.unwrap();
        let make = |seed| {
            let watched = Watched { epoch: &|_, _| {}, interrupted: &AtomicBool::new(false) };
            let fits = Fits::new(folder.path());
            let making = Making { section: &section, attribute: "gender", seed, fits: &fits, watched, stage: None };
            replace_rows(making, &train, &holdout).unwrap()
        };
        let (made, told) = make(0);
        // Two groups and two labels, all alike: ten rows each.
        assert_eq!(made.sensitive[0].sizes(), [20, 20]);
        assert_eq!(told.cells.iter().map(|cell| cell.rows).collect::<Vec<_>>(), [10; 4]);
        assert_eq!(made.label.as_ref().unwrap().values.iter().sum::<f64>(), 20.0);
        assert_eq!(make(0).0, made);
        assert_ne!(make(1).0.features, made.features);
    }
}
