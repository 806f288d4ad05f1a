//! What a tally says survives its way through bytes, and bytes that are not whole say nothing.

use evenhand_metrics::{Convention, Conventions, DecisionRule, Definition, IntervalPlan, MetricError, Tally};
use evenhand_rows::{UNKNOWN, digest};
use proptest::prelude::*;

const BINS: usize = 64;
const CHECKSUM: usize = 64;

fn levels() -> Vec<String> {
    ["frau", "møn", ""].map(str::to_owned).to_vec()
}

fn conventions() -> Conventions {
    Conventions {
        threshold: 0.375,
        decision_rule: DecisionRule::AtOrAbove,
        label_threshold: 0.625,
        convention: Convention::Aif360,
        definition: Definition::Grid,
        privileged: Some("møn".to_owned()),
        minimum_group_size: 7,
    }
}

fn empty() -> Tally {
    Tally::with_range(&levels(), conventions(), BINS, -1.0, 3.0)
}

fn small() -> Tally {
    let mut tally = empty();
    tally.add(&[-1.0, 0.1, 0.3, 3.0], Some(&[0.0, 1.0, 0.3, 1.0]), Some(&[1.0, 2.5, 0.0, 0.7]), &[0, 1, 0, UNKNOWN]).unwrap();
    tally
}

fn problem(bytes: &[u8]) -> String {
    Tally::from_bytes(bytes).err().map(|error| error.to_string()).unwrap()
}

/// The bytes with a content changed on purpose and a checksum that fits again.
fn sealed(mut content: Vec<u8>) -> Vec<u8> {
    let length = (content.len() + CHECKSUM) as u64;
    content[12..20].copy_from_slice(&length.to_le_bytes());
    let checksum = digest::of_bytes(&content);
    content.extend_from_slice(checksum.as_bytes());
    content
}

fn content(tally: &Tally) -> Vec<u8> {
    let mut bytes = tally.to_bytes().unwrap();
    bytes.truncate(bytes.len() - CHECKSUM);
    bytes
}

fn replaced(bytes: &[u8], at: usize, part: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + part.len()].copy_from_slice(part);
    bytes
}

#[test]
fn the_bytes_stand_where_the_layout_says() {
    let mut tally = Tally::new(&["a".to_owned()], Conventions::default(), 4);
    tally.add(&[0.75], None, None, &[0]).unwrap();
    let mut expected = b"EVHTALLY".to_vec();
    expected.extend([1, 0, 0, 0]);
    expected.extend(0_u64.to_le_bytes());
    expected.extend(0.5_f64.to_le_bytes());
    expected.push(0);
    expected.extend(0.5_f64.to_le_bytes());
    expected.extend([0, 0, 0]);
    expected.extend(1_u64.to_le_bytes());
    expected.extend([0.0_f64, 1.0].map(f64::to_le_bytes).concat());
    expected.extend(4_u64.to_le_bytes());
    expected.extend([1, 1]);
    expected.extend([1, 0, 0, 0, 1, 0, 0, 0, b'a']);
    let cells = |selected: f64| {
        let empty = [0; 32];
        let filled = [(selected as u64).to_le_bytes().to_vec(), [selected; 3].map(f64::to_le_bytes).concat()].concat();
        [&empty[..], &empty, &filled, &empty].concat()
    };
    expected.extend(cells(1.0));
    expected.extend([1, 0, 0, 0, 3, 0, 0, 0]);
    expected.extend([1.0_f64, 0.75].map(f64::to_le_bytes).concat());
    expected.extend([0; 4]);
    expected.extend(cells(0.0));
    expected.extend([0; 8]);
    assert_eq!(tally.to_bytes().unwrap(), sealed(expected));
}

#[test]
fn what_was_written_is_read_whole() {
    for tally in [small(), empty(), Tally::new(&[], Conventions::default(), 1)] {
        let bytes = tally.to_bytes().unwrap();
        let read = Tally::from_bytes(&bytes).unwrap();
        assert_eq!(read.to_bytes().unwrap(), bytes);
        assert_eq!((read.rows(), read.levels(), read.bin_width()), (tally.rows(), tally.levels(), tally.bin_width()));
        assert_eq!(read.findings(None), tally.findings(None));
    }
}

#[test]
fn bytes_that_were_cut_off_are_refused_at_every_length() {
    let bytes = small().to_bytes().unwrap();
    for length in 0..bytes.len() {
        let message = problem(&bytes[..length]);
        let expected = ["do not begin with the mark of a tally", "end early", &format!("they are {length} of {} bytes", bytes.len())];
        assert!(expected.iter().any(|expected| message.contains(expected)), "{length}: {message}");
    }
    let longer = [bytes.as_slice(), &[0]].concat();
    assert!(problem(&longer).contains(&format!("they are {} of {} bytes; fetch or copy them anew", longer.len(), bytes.len())));
}

#[test]
fn every_flipped_bit_is_refused() {
    let bytes = small().to_bytes().unwrap();
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(Tally::from_bytes(&changed).is_err(), "bit {bit}");
    }
}

#[test]
fn content_changed_under_a_fitting_checksum_is_refused_or_reads_as_another_tally() {
    let content = content(&small());
    for bit in 8 * 20..8 * content.len() {
        let mut changed = content.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let changed = sealed(changed);
        // No panic, no room beyond the ceilings; and what is read is written in the same way.
        if let Ok(tally) = Tally::from_bytes(&changed) {
            assert_eq!(tally.to_bytes().unwrap(), changed, "bit {bit}");
            if tally.bin_width() == small().bin_width() {
                let _ = tally.findings(None);
            }
        }
    }
    for length in 20..content.len() {
        assert!(Tally::from_bytes(&sealed(content[..length].to_vec())).is_err(), "{length}");
    }
    assert!(problem(&sealed([content.as_slice(), &[0]].concat())).contains("1 bytes stand after the last group"));
}

#[test]
fn other_and_later_formats_are_told_apart_from_damage() {
    let bytes = small().to_bytes().unwrap();
    assert_eq!(
        problem(b"PAR1 and so on"),
        "the bytes of a tally: they do not begin with the mark of a tally; hand over bytes that `Tally::to_bytes` made"
    );
    assert_eq!(
        problem(&replaced(&bytes, 8, &2_u32.to_le_bytes())),
        "the bytes of a tally: they have format 2 and this program reads 1; read them with the program that wrote them, or tally the rows again"
    );
    assert_eq!(
        problem(&replaced(&bytes, bytes.len() - 1, b"#")),
        "the bytes of a tally: some have changed on their way: the checksum does not fit; fetch or copy them anew, or tally the rows again"
    );
}

#[test]
fn sizes_beyond_the_ceilings_are_refused_before_room_is_made() {
    let content = content(&Tally::new(&["a".to_owned()], Conventions::default(), BINS));
    // Offsets of a tally without a privileged group; the layout's test pins them.
    let (bins_at, groups_at) = (64, 74);
    let huge = problem(&sealed(replaced(&content, bins_at, &(1_u64 << 40).to_le_bytes())));
    assert!(huge.contains("they have 1099511627776 bins and 1 to 1048576 are allowed; tally the rows again with fewer bins"), "{huge}");
    let none = problem(&sealed(replaced(&content, bins_at, &0_u64.to_le_bytes())));
    assert!(none.contains("they have 0 bins"), "{none}");
    let many = problem(&sealed(replaced(&content, groups_at, &u32::MAX.to_le_bytes())));
    assert!(many.contains("they have 4294967295 groups and at most 1048576 are allowed"), "{many}");
    let unfilled = problem(&sealed(replaced(&content, groups_at, &1_000_000_u32.to_le_bytes())));
    assert!(unfilled.contains("they end before the last of 1000000 groups"), "{unfilled}");
    let name = problem(&sealed(replaced(&content, groups_at + 4, &u32::MAX.to_le_bytes())));
    assert!(name.contains("the name of a group has 4294967295 bytes and at most 65536 are allowed"), "{name}");
    let filled = problem(&sealed(replaced(&content, groups_at + 9 + 128, &60_u32.to_le_bytes())));
    assert!(filled.contains("they end early"), "{filled}");
}

#[test]
fn few_bytes_take_the_room_of_what_they_hold_however_many_bins_they_claim() {
    // Tables of all bins of 1000 groups would be 16 GiB.
    let names: Vec<String> = (0..1000).map(|name| name.to_string()).collect();
    let scores = vec![0.5; names.len()];
    let codes: Vec<u32> = (0..names.len() as u32).collect();
    let mut tally = Tally::new(&names, Conventions::default(), 1 << 10);
    tally.add(&scores, None, None, &codes).unwrap();
    let claimed = sealed(replaced(&content(&tally), 64, &(Tally::MOST_BINS as u64).to_le_bytes()));
    let read = Tally::from_bytes(&claimed).unwrap();
    assert_eq!(read.rows(), 1000);
    assert_eq!(read.to_bytes().unwrap(), claimed);
}

#[test]
fn what_could_not_be_read_is_not_written() {
    let refused = |tally: &Tally| match tally.to_bytes() {
        Err(MetricError::TallyBytes { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let wide = Tally::new(&[], Conventions::default(), Tally::MOST_BINS + 1);
    assert!(refused(&wide).contains("1048577 bins"));
    let twice = Tally::new(&["a".to_owned(), "a".to_owned()], Conventions::default(), 1);
    assert!(refused(&twice).contains("two groups are called `a`"));
    let mut heavy = Tally::with_range(&levels(), Conventions::default(), 1, 0.0, 10.0);
    heavy.add(&[10.0], None, Some(&[f64::MAX]), &[0]).unwrap();
    assert!(refused(&heavy).contains("not finite"));
    let nowhere = Tally::new(&[], Conventions { threshold: f64::NAN, ..Conventions::default() }, 1);
    assert!(refused(&nowhere).contains("threshold"));
}

#[test]
fn conventions_and_plans_are_written_in_the_words_of_a_recipe() {
    let text = serde_json::to_string(&conventions()).unwrap();
    assert_eq!(
        text,
        r#"{"threshold":0.375,"decision_rule":"at-or-above","label_threshold":0.625,"convention":"aif360","definition":"grid","privileged":"møn","minimum_group_size":7}"#
    );
    assert_eq!(serde_json::from_str::<Conventions>(&text).unwrap(), conventions());
    assert_eq!(serde_json::from_str::<Conventions>("{}").unwrap(), Conventions::default());
    assert!(serde_json::from_str::<Conventions>(r#"{"treshold":0.5}"#).is_err());
    let plan = IntervalPlan { level: 0.9, replicates: 20, seed: 3, permutations: 4 };
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(text, r#"{"level":0.9,"replicates":20,"seed":3,"permutations":4}"#);
    assert_eq!(serde_json::from_str::<IntervalPlan>(&text).unwrap(), plan);
    assert_eq!(serde_json::from_str::<IntervalPlan>("{}").unwrap(), IntervalPlan::default());
}

/// A row: score, label, weight, code.
type Row = (f64, f64, f64, u32);

fn tallied(rows: &[Row]) -> Tally {
    let mut tally = empty();
    let column = |take: fn(&Row) -> f64| rows.iter().map(take).collect::<Vec<f64>>();
    let codes: Vec<u32> = rows.iter().map(|row| row.3).collect();
    tally.add(&column(|row| row.0), Some(&column(|row| row.1)), Some(&column(|row| row.2)), &codes).unwrap();
    tally
}

fn any_row() -> impl Strategy<Value = Row> {
    (-1.0_f64..3.0, 0.0_f64..1.0, 0.0_f64..4.0, prop::sample::select(vec![0, 1, 2, UNKNOWN]))
}

/// A row whose score and weight have few binary digits, so that every sum is exact.
fn exact_row() -> impl Strategy<Value = Row> {
    (-256_i32..=768, 0_u8..=1, 0_u8..=12, prop::sample::select(vec![0, 1, 2, UNKNOWN]))
        .prop_map(|(score, label, weight, code)| (f64::from(score) / 256.0, f64::from(label), f64::from(weight) / 4.0, code))
}

fn through_bytes(tally: &Tally) -> Tally {
    Tally::from_bytes(&tally.to_bytes().unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tallies_that_were_read_add_up_to_the_tally_of_all_rows(
        first in prop::collection::vec(exact_row(), 0..60),
        second in prop::collection::vec(exact_row(), 0..60),
    ) {
        let mut sum = through_bytes(&tallied(&first));
        sum.merge(&through_bytes(&tallied(&second))).unwrap();
        let mut turned = through_bytes(&tallied(&second));
        turned.merge(&through_bytes(&tallied(&first))).unwrap();
        let all = tallied(&[first, second].concat());
        prop_assert_eq!(sum.to_bytes().unwrap(), all.to_bytes().unwrap());
        prop_assert_eq!(turned.to_bytes().unwrap(), all.to_bytes().unwrap());
        prop_assert_eq!(sum.findings(None), all.findings(None));
    }

    #[test]
    fn whether_tallies_went_through_bytes_changes_nothing(
        first in prop::collection::vec(any_row(), 0..60),
        second in prop::collection::vec(any_row(), 0..60),
    ) {
        let (mut straight, mut read) = (tallied(&first), through_bytes(&tallied(&first)));
        straight.merge(&tallied(&second)).unwrap();
        read.merge(&through_bytes(&tallied(&second))).unwrap();
        prop_assert_eq!(read.to_bytes().unwrap(), straight.to_bytes().unwrap());
        prop_assert_eq!(read.findings(None), straight.findings(None));
        prop_assert_eq!(read.spdd_error_bound(), straight.spdd_error_bound());
    }
}
