//! Splits on random data: every row once, no person twice, every stratum kept.

use evenhand_rows::split::{hold_out, k_fold};
use evenhand_rows::{Dataset, Groups, Identity, Label, LabelKind, Scale, UNKNOWN};
use proptest::prelude::*;

/// Rows with a group (3 is unknown), a label and a person each.
fn data(rows: &[(u32, bool, u32)], persons: bool) -> Dataset {
    let codes = rows.iter().map(|(group, ..)| if *group == 3 { UNKNOWN } else { *group }).collect();
    let mut levels: Vec<u32> = rows.iter().map(|(.., person)| *person).collect();
    levels.sort_unstable();
    levels.dedup();
    Dataset {
        name: "random".to_owned(),
        label: Some(Label {
            name: "label".to_owned(),
            kind: LabelKind::Binary,
            values: rows.iter().map(|(_, high, _)| f64::from(u8::from(*high))).collect(),
            scale: Scale::default(),
        }),
        sensitive: vec![Groups::new("group", ["a", "b", "c"].map(str::to_owned).to_vec(), codes)],
        person: persons.then(|| Identity {
            name: "person".to_owned(),
            levels: levels.iter().map(u32::to_string).collect(),
            codes: rows.iter().map(|(.., person)| levels.binary_search(person).unwrap() as u32).collect(),
        }),
        rows: (1..=rows.len() as u64).collect(),
        ..Dataset::default()
    }
}

fn rows() -> impl Strategy<Value = Vec<(u32, bool, u32)>> {
    prop::collection::vec((0_u32..4, any::<bool>(), 0_u32..60), 120..400)
}

fn whole(parts: &[&[usize]], rows: usize) -> bool {
    let mut all: Vec<usize> = parts.concat();
    all.sort_unstable();
    all == (0..rows).collect::<Vec<_>>() && parts.iter().all(|part| part.is_sorted())
}

fn persons_of(data: &Dataset, rows: &[usize]) -> Vec<u32> {
    let codes = &data.person.as_ref().unwrap().codes;
    let mut persons: Vec<u32> = rows.iter().map(|&row| codes[row]).collect();
    persons.sort_unstable();
    persons.dedup();
    persons
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_person_stands_on_two_sides(rows in rows(), seed in any::<u64>()) {
        let data = data(&rows, true);
        let split = hold_out(&data, [0.6, 0.2, 0.2], Some("group"), seed).unwrap();
        prop_assert!(whole(&[&split.train, &split.validation, &split.test], rows.len()));
        let mut persons = [&split.train, &split.validation, &split.test].map(|part| persons_of(&data, part)).concat();
        let count = persons.len();
        persons.sort_unstable();
        persons.dedup();
        prop_assert_eq!(persons.len(), count);
        for fold in k_fold(&data, 4, 0.2, Some("group"), seed).unwrap() {
            let train = persons_of(&data, &fold.train);
            prop_assert!(persons_of(&data, &fold.test).iter().all(|person| train.binary_search(person).is_err()));
            let validation = persons_of(&data, &fold.validation);
            prop_assert!(validation.iter().all(|person| train.binary_search(person).is_err()));
        }
    }

    #[test]
    fn every_stratum_keeps_its_share_to_a_row(rows in rows(), seed in any::<u64>(), train in 0.2_f64..0.7) {
        let data = data(&rows, false);
        let shares = [train, 0.2, 0.8 - train];
        let split = hold_out(&data, shares, Some("group"), seed).unwrap();
        prop_assert!(whole(&[&split.train, &split.validation, &split.test], rows.len()));
        for group in 0..4 {
            for high in [false, true] {
                let inside = |part: &[usize]| part.iter().filter(|&&row| rows[row].0 == group && rows[row].1 == high).count() as f64;
                let all: Vec<usize> = (0..rows.len()).collect();
                for (part, share) in [&split.train, &split.validation, &split.test].into_iter().zip(shares) {
                    prop_assert!((inside(part) - share * inside(&all)).abs() <= 1.0 + 1e-9);
                }
            }
        }
    }

    #[test]
    fn folds_cover_every_row_once(rows in rows(), seed in any::<u64>(), folds in 2_usize..6) {
        let data = data(&rows, false);
        let splits = k_fold(&data, folds, 0.25, Some("group"), seed).unwrap();
        let tests: Vec<&[usize]> = splits.iter().map(|split| split.test.as_slice()).collect();
        prop_assert!(whole(&tests, rows.len()));
        for split in &splits {
            prop_assert!(whole(&[&split.train, &split.validation, &split.test], rows.len()));
        }
        prop_assert_eq!(&splits, &k_fold(&data, folds, 0.25, Some("group"), seed).unwrap());
    }

    #[test]
    fn selecting_keeps_rows_together(rows in rows(), picks in prop::collection::vec(any::<prop::sample::Index>(), 1..50)) {
        let data = data(&rows, true);
        let picks: Vec<usize> = picks.iter().map(|pick| pick.index(rows.len())).collect();
        let chosen = data.select(&picks);
        prop_assert_eq!(chosen.len(), picks.len());
        for (position, &row) in picks.iter().enumerate() {
            prop_assert_eq!(chosen.rows[position], row as u64 + 1);
            prop_assert_eq!(chosen.label.as_ref().unwrap().values[position], f64::from(u8::from(rows[row].1)));
            prop_assert_eq!(chosen.sensitive[0].codes()[position], data.sensitive[0].codes()[row]);
            prop_assert_eq!(chosen.person.as_ref().unwrap().codes[position], data.person.as_ref().unwrap().codes[row]);
        }
        prop_assert_eq!(chosen.select(&(0..picks.len()).collect::<Vec<_>>()), chosen);
    }
}

#[test]
fn impossible_splits_are_told() {
    let data = data(&[(0, true, 0), (1, false, 0), (0, false, 1)], false);
    let message = |shares| hold_out(&data, shares, None, 0).unwrap_err().to_string();
    assert!(message([0.5, 0.2, 0.2]).contains("sum to 1"));
    assert!(message([0.0, 0.5, 0.5]).contains("the training share is 0"));
    assert!(message([f64::NAN, 0.5, 0.5]).contains("must lie in 0 to 1"));
    assert!(message([0.9, 0.09, 0.01]).contains("too few"));
    assert!(k_fold(&data, 1, 0.0, None, 0).unwrap_err().to_string().contains("at least 2"));
    assert!(k_fold(&data, 4, 0.0, None, 0).unwrap_err().to_string().contains("too few for 4 folds"));
    assert!(hold_out(&data, [0.5, 0.0, 0.5], Some("sex"), 0).unwrap_err().to_string().contains("no sensitive attribute `sex`"));
    assert_eq!(hold_out(&data, [1.0, 0.0, 0.0], None, 0).unwrap().train, [0, 1, 2]);
}
