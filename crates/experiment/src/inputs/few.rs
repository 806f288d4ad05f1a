//! Where rows are few: groups, and decisions of either kind.

use evenhand_rows::{Dataset, Groups, Label, LabelKind};

/// Fewer rows than this say little to a scorer.
const FEW_ROWS: usize = 200;
/// Fewer test rows of a group than this leave its numbers wide.
const FEW: usize = 30;
/// Fewer test rows of a group with either decision leave rates among them wide.
const FEW_DECIDED: usize = 10;
/// The share of labels in one half of their range from which they are one-sided.
const ONE_SIDED: f64 = 0.95;
/// Groups of an attribute that are named.
const MOST_NAMED: usize = 5;

/// Warnings of groups and decisions that few rows tell of; `tested` is the share of the rows that are tested at a time.
pub fn few(data: &Dataset, tested: f64) -> Vec<String> {
    let expected = |rows: usize| (rows as f64 * tested).round() as usize;
    let mut warnings = Vec::new();
    if data.len() < FEW_ROWS {
        warnings
            .push(format!("{} rows are few to learn from; with fewer than {FEW_ROWS} a scorer's numbers are mostly chance", data.len()));
    }
    warnings.extend(data.label.as_ref().and_then(|label| of_label(label, &expected)));
    for groups in &data.sensitive {
        warnings.extend(of_groups(groups, data.label.as_ref(), &expected));
    }
    warnings
}

/// A label of which one decision, or one half of the range, hardly occurs.
fn of_label(label: &Label, expected: &impl Fn(usize) -> usize) -> Option<String> {
    let known = label.values.iter().filter(|value| !value.is_nan()).count();
    let high = label.values.iter().filter(|value| **value >= 0.5).count();
    let low = known - high;
    let fewer = high.min(low);
    if label.kind == LabelKind::Binary {
        let what = if high < low { "favourable" } else { "unfavourable" };
        return (expected(fewer) < FEW).then(|| {
            format!(
                "label `{}`: {fewer} of {known} rows are {what}, some {} of them in a test part; fewer than {FEW} leave numbers wide",
                label.name,
                expected(fewer)
            )
        });
    }
    let half = if high > low { "upper" } else { "lower" };
    (high.max(low) as f64 >= ONE_SIDED * known as f64).then(|| {
        format!(
            "label `{}`: {} of {known} labels lie in the {half} half of its range; correct the range if it is another (`range` of the label)",
            label.name,
            high.max(low)
        )
    })
}

/// Groups of few rows, or of few rows with one of two decisions.
fn of_groups(groups: &Groups, label: Option<&Label>, expected: &impl Fn(usize) -> usize) -> Vec<String> {
    let mut counted = vec![(0_usize, 0_usize); groups.levels().len()];
    for (row, &code) in groups.codes().iter().enumerate() {
        if let Some((rows, favourable)) = counted.get_mut(code as usize) {
            *rows += 1;
            *favourable += usize::from(label.is_some_and(|label| label.values[row] >= 0.5));
        }
    }
    let binary = label.is_some_and(|label| label.kind == LabelKind::Binary);
    let mut told = Vec::new();
    for (group, &(rows, favourable)) in groups.levels().iter().zip(&counted) {
        let fewer = favourable.min(rows - favourable);
        if rows > 0 && expected(rows) < FEW {
            told.push(format!(
                "{}: `{group}` has {rows} rows, some {} of them in a test part; fewer than {FEW} leave its numbers wide",
                groups.name(),
                expected(rows)
            ));
        } else if rows > 0 && binary && expected(fewer) < FEW_DECIDED {
            let what = if fewer == favourable { "favourable" } else { "unfavourable" };
            told.push(format!(
                "{}: {fewer} of the {rows} rows of `{group}` have the {what} label; rates among them are wide",
                groups.name()
            ));
        }
    }
    if told.len() > MOST_NAMED {
        let more = told.len() - MOST_NAMED;
        told.truncate(MOST_NAMED);
        told.push(format!("{}: {more} more of its {} groups are told of by as few rows or labels", groups.name(), groups.levels().len()));
    }
    told
}

#[cfg(test)]
mod tests {
    use evenhand_rows::Scale;

    use super::*;

    fn made(kind: LabelKind, favourable: &dyn Fn(usize) -> f64, group: &dyn Fn(usize) -> u32) -> Dataset {
        let rows = 1000;
        let levels = (0..=group(rows - 1).max(group(0))).map(|code| format!("g{code}")).collect();
        let label = Label { name: "y".to_owned(), kind, values: (0..rows).map(favourable).collect(), scale: Scale::default() };
        Dataset {
            label: Some(label),
            sensitive: vec![Groups::new("g", levels, (0..rows).map(group).collect())],
            rows: (1..=rows as u64).collect(),
            ..Dataset::default()
        }
    }

    #[test]
    fn few_rows_and_one_sided_labels_are_told() {
        let half = |row: usize| f64::from(u8::from(row.is_multiple_of(2)));
        let two = |row: usize| u32::from(row >= 500);
        assert_eq!(few(&made(LabelKind::Binary, &half, &two), 0.2), Vec::<String>::new());
        assert_eq!(
            few(&made(LabelKind::Binary, &half, &|row| u32::from(row >= 900)), 0.2),
            ["g: `g1` has 100 rows, some 20 of them in a test part; fewer than 30 leave its numbers wide"]
        );
        let rare = |row: usize| f64::from(u8::from(row < 100));
        assert_eq!(
            few(&made(LabelKind::Binary, &rare, &two), 0.2),
            [
                "label `y`: 100 of 1000 rows are favourable, some 20 of them in a test part; fewer than 30 leave numbers wide",
                "g: 0 of the 500 rows of `g1` have the favourable label; rates among them are wide"
            ]
        );
        let high = |row: usize| if row < 40 { 0.1 } else { 0.9 };
        let told = few(&made(LabelKind::Continuous, &high, &two), 0.2);
        assert!(told.len() == 1 && told[0].starts_with("label `y`: 960 of 1000 labels lie in the upper half of its range"), "{told:?}");
        let told = few(&made(LabelKind::Continuous, &half, &|row| row as u32), 0.2);
        assert!(told.len() == 6 && told[5] == "g: 995 more of its 1000 groups are told of by as few rows or labels", "{told:?}");
    }
}
