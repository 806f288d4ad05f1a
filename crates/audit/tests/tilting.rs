//! The tilt of rows in memory, and subsets that have a wanted one.

use evenhand_audit::tilting::{TiltSettings, Wanted, tilt};
use evenhand_rows::{Dataset, Groups, Label, LabelKind, Scale};

/// 60 men, of whom 40 have a high label, and 60 women, of whom 20 have one.
fn rows() -> Dataset {
    let codes = [vec![0; 60], vec![1; 60]].concat();
    let values = (0..120).map(|row| f64::from(u8::from(if row < 60 { row < 40 } else { row < 80 }))).collect();
    Dataset {
        rows: (1..=120).collect(),
        label: Some(Label { name: "hired".to_owned(), kind: LabelKind::Binary, values, scale: Scale::default() }),
        sensitive: vec![Groups::new("gender", ["m", "f"].map(str::to_owned).to_vec(), codes)],
        ..Dataset::default()
    }
}

fn settings(wanted: Option<Wanted>) -> TiltSettings {
    TiltSettings { attribute: "gender".to_owned(), pair: None, threshold: 0.5, wanted, seed: 1 }
}

#[test]
fn the_tilt_of_two_groups_is_that_worked_out_by_hand() {
    let found = tilt(&rows(), &settings(None)).unwrap();
    assert_eq!((found.before.privileged.as_str(), found.before.unprivileged.as_str(), found.before.cells), ("m", "f", [40, 20, 20, 40]));
    // 40/60 - 20/60, half of it, and (40 / 20) (40 / 20).
    assert!((found.before.demographic_parity_difference.number().unwrap() - 1.0 / 3.0).abs() < 1e-12);
    assert!((found.dp_data[0].number().unwrap() - 1.0 / 6.0).abs() < 1e-12);
    assert!(found.after.is_none() && found.rows.is_none());
}

#[test]
fn a_subset_keeps_the_wanted_rows_of_the_cut_cells() {
    let data = rows();
    let found = tilt(&data, &settings(Some(Wanted::Keep(10)))).unwrap();
    let chosen = found.rows.as_ref().unwrap();
    assert!(chosen.is_sorted() && chosen.iter().all(|&row| row < 120));
    let after = found.after.as_ref().unwrap();
    // The cells of high unprivileged and low privileged rows are cut to 10 each; nobody else goes.
    assert_eq!((after.cells, chosen.len(), after.n), ([40, 10, 10, 40], 100, 100));
    assert_eq!(tilt(&data, &settings(Some(Wanted::Keep(10)))).unwrap(), found, "the same seed gives the same rows");
}

#[test]
fn rows_without_labels_groups_or_a_second_group_are_refused() {
    assert!(tilt(&Dataset { label: None, ..rows() }, &settings(None)).is_err());
    assert!(tilt(&rows(), &TiltSettings { attribute: "age".to_owned(), ..settings(None) }).is_err());
    let one = rows().select(&(0..60).collect::<Vec<_>>());
    let told = tilt(&one, &settings(None)).unwrap_err().to_string();
    assert!(told.contains("fewer than two groups"), "{told}");
}
