//! Reading a person's own files.

use std::fmt::Write as _;
use std::path::PathBuf;

use evenhand_data::table;
use evenhand_data::table::{ScoreRoles, Scored, TableSettings};
use evenhand_rows::{ColumnType, Dataset, LabelKind, LabelRole, Provenance, Schema, SensitiveAsFeatures, SensitiveRole, Values};

pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Folder(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }
}

fn role(column: &str) -> SensitiveRole {
    SensitiveRole { name: column.to_owned(), columns: vec![column.to_owned()], rule: None }
}

fn schema() -> Schema {
    Schema {
        label: Some(LabelRole { column: "hired".to_owned(), ..LabelRole::default() }),
        sensitive: vec![
            role("gender"),
            SensitiveRole { name: "age".to_owned(), columns: vec!["age".to_owned()], rule: Some("> 25".to_owned()) },
        ],
        person: Some("id".to_owned()),
        ..Schema::default()
    }
}

const TABLE: &str = "id,gender,age,degree,years,hired\r\n\
                     a, f ,24,phd,1,yes\r\n\
                     b,m,30,master,,no\r\n\
                     \r\n\
                     c,Prefer not to say,26,\"master\",2.5,YES\r\n\
                     a,f,25,,3,false\r\n";

#[test]
fn roles_are_given_to_columns() {
    let folder = Folder::new();
    let data = table::read(&[folder.write("own.csv", TABLE)], &schema(), &TableSettings::default()).unwrap();
    assert_eq!((data.name.as_str(), data.len()), ("own", 4));
    let names: Vec<&str> = data.features.iter().map(|feature| feature.name.as_str()).collect();
    assert_eq!(names, ["degree", "years"], "sensitive columns, label and id are no inputs");
    assert_eq!(
        data.features[0].values,
        Values::Categorical { levels: vec!["master".to_owned(), "phd".to_owned()], codes: vec![1, 0, 0, u32::MAX] }
    );
    let Values::Numeric(years) = &data.features[1].values else { panic!("years are numbers") };
    assert!(years[1].is_nan() && years[2] == 2.5);
    let label = data.label().unwrap();
    assert_eq!((label.kind, label.values.as_slice()), (LabelKind::Binary, [1.0, 0.0, 1.0, 0.0].as_slice()));
    let gender = data.groups("gender").unwrap();
    assert_eq!((gender.levels(), gender.codes()), (["f".to_owned(), "m".to_owned()].as_slice(), [0, 1, u32::MAX, 0].as_slice()));
    let age = data.groups("age").unwrap();
    assert_eq!((age.levels(), age.codes()), (["age > 25".to_owned(), "age <= 25".to_owned()].as_slice(), [1, 0, 0, 1].as_slice()));
    assert_eq!(data.person.as_ref().unwrap().codes, [0, 1, 2, 0]);
    assert_eq!(data.provenance.files[0].name, "own.csv");
    assert_eq!(
        data.provenance.notes,
        [
            "`gender`: `Prefer not to say` taken as unknown group",
            "`gender`: the group of 1 rows is unknown; they are left out of every gap",
            "`hired` holds outcomes in words: `yes` counts as the favourable one"
        ]
    );
}

#[test]
fn types_can_be_overruled_and_sensitive_columns_asked_for() {
    let folder = Folder::new();
    let file = folder.write("own.csv", TABLE);
    let mut wanted = schema();
    wanted.types.insert("years".to_owned(), ColumnType::Categorical);
    wanted.sensitive_as_features = SensitiveAsFeatures::Columns;
    let data = table::read(std::slice::from_ref(&file), &wanted, &TableSettings::default()).unwrap();
    let flags: Vec<(&str, bool)> = data.features.iter().map(|feature| (feature.name.as_str(), feature.sensitive)).collect();
    assert_eq!(flags, [("degree", false), ("years", false), ("gender", true), ("age", true)]);
    let Values::Categorical { levels, .. } = &data.features[1].values else { panic!("years are categories") };
    assert_eq!(levels, &["1", "2.5", "3"]);
    // The groups themselves: the rule's two parts in place of the age, and no intersection of what is there already.
    let both = SensitiveRole { name: "both".to_owned(), columns: vec!["gender".to_owned(), "age".to_owned()], rule: None };
    let groups = Schema {
        sensitive_as_features: SensitiveAsFeatures::Groups,
        sensitive: wanted.sensitive.iter().cloned().chain([both]).collect(),
        ..wanted.clone()
    };
    let data = table::read(std::slice::from_ref(&file), &groups, &TableSettings::default()).unwrap();
    let flags: Vec<(&str, bool)> = data.features.iter().map(|feature| (feature.name.as_str(), feature.sensitive)).collect();
    assert_eq!(flags, [("degree", false), ("years", false), ("gender (group)", true), ("age (group)", true)]);
    let (Values::Categorical { levels, codes }, age) = (&data.features[3].values, data.groups("age").unwrap()) else {
        panic!("groups are categories")
    };
    assert_eq!((levels.as_slice(), codes.as_slice()), (age.levels(), age.codes()));
    wanted.types.insert("degree".to_owned(), ColumnType::Numeric);
    let message = table::read(&[file], &wanted, &TableSettings::default()).unwrap_err().to_string();
    assert!(message.contains("column `degree`, data row 1: `phd` is not allowed"), "{message}");
}

mod parquet_files {
    use std::fs::File;
    use std::sync::Arc;

    use arrow_array::builder::StringDictionaryBuilder;
    use arrow_array::types::Int32Type;
    use arrow_array::{ArrayRef, BooleanArray, Float32Array, Int64Array, ListArray, RecordBatch, StringArray};
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;

    /// The table of above in the types a data frame library would write, in row groups of two rows.
    pub(super) fn write(folder: &Folder, name: &str) -> String {
        let mut gender = StringDictionaryBuilder::<Int32Type>::new();
        for text in ["f", "m", "Prefer not to say", "f"] {
            gender.append_value(text);
        }
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(StringArray::from(vec!["a", "b", "c", "a"]))),
            ("gender", Arc::new(gender.finish())),
            ("age", Arc::new(Int64Array::from(vec![24, 30, 26, 25]))),
            ("degree", Arc::new(StringArray::from(vec![Some("phd"), Some("master"), Some("master"), None]))),
            ("years", Arc::new(Float32Array::from(vec![Some(1.0), None, Some(2.5), Some(3.0)]))),
            ("hired", Arc::new(BooleanArray::from(vec![true, false, true, false]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let path = folder.path(name);
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(2)).build();
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        path.display().to_string()
    }

    #[test]
    fn parquet_gives_the_same_data_set_as_csv() {
        let folder = Folder::new();
        let mut from_csv = table::read(&[folder.write("own.csv", TABLE)], &schema(), &TableSettings::default()).unwrap();
        let mut from_parquet = table::read(&[write(&folder, "own.parquet")], &schema(), &TableSettings::default()).unwrap();
        assert_eq!(from_parquet.provenance.files[0].sha256.len(), 64);
        from_csv.provenance = Provenance::default();
        from_parquet.provenance = Provenance::default();
        let years = |data: &mut Dataset| std::mem::replace(&mut data.features[1].values, Values::Numeric(Vec::new()));
        let (Values::Numeric(left), Values::Numeric(right)) = (years(&mut from_csv), years(&mut from_parquet)) else {
            panic!("years are numbers")
        };
        assert!(left.iter().zip(&right).all(|(left, right)| left == right || left.is_nan() && right.is_nan()));
        assert_eq!(from_csv, from_parquet);
    }

    #[test]
    fn files_of_both_kinds_are_joined_and_groups_may_be_numbers() {
        let folder = Folder::new();
        write(&folder, "b.parquet");
        folder.write("a.csv", TABLE);
        let roles = ScoreRoles { score: "hired".to_owned(), groups: vec![role("age")], ..ScoreRoles::default() };
        let pattern = folder.path("*.*").display().to_string();
        let scored = table::read_scores(&[pattern], &roles, &TableSettings::default()).unwrap();
        assert_eq!(scored.scores, [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(scored.groups[0].levels(), ["24", "25", "26", "30"]);
        assert_eq!(scored.groups[0].codes(), [0, 3, 2, 1, 0, 3, 2, 1]);
    }

    #[test]
    fn long_ids_stay_apart() {
        let folder = Folder::new();
        let columns: Vec<(&str, ArrayRef)> =
            vec![("id", Arc::new(Int64Array::from(vec![(1 << 53) + 1, 1 << 53]))), ("years", Arc::new(Int64Array::from(vec![1, 2])))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let path = folder.path("ids.parquet");
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let wanted = Schema { person: Some("id".to_owned()), ..Schema::default() };
        let data = table::read(&[path.display().to_string()], &wanted, &TableSettings::default()).unwrap();
        assert_eq!(data.person.unwrap().levels, ["9007199254740993", "9007199254740992"]);
    }

    #[test]
    fn lists_and_broken_files_are_refused() {
        let folder = Folder::new();
        let lists = ListArray::from_iter_primitive::<Int32Type, _, _>([Some([Some(1)]), Some([Some(2)])]);
        let batch = RecordBatch::try_from_iter([("x", Arc::new(lists) as ArrayRef)]).unwrap();
        let path = folder.path("lists.parquet");
        let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let message = table::read(&[path.display().to_string()], &Schema::default(), &TableSettings::default()).unwrap_err().to_string();
        assert!(message.starts_with("column `x`: its Parquet type List"), "{message}");

        let whole = std::fs::read(write(&folder, "whole.parquet")).unwrap();
        for cut in [4, 100, whole.len() - 5] {
            let file = folder.write("cut.parquet", &whole[..cut]);
            let message = table::read(&[file], &Schema::default(), &TableSettings::default()).unwrap_err().to_string();
            assert!(message.contains("cannot be read as Parquet"), "{message}");
        }
        let file = folder.write("text.parquet", TABLE);
        assert!(
            table::read(&[file], &Schema::default(), &TableSettings::default())
                .unwrap_err()
                .to_string()
                .contains("cannot be read as Parquet")
        );
        let file = folder.write("binary.csv", &whole);
        let read = table::read(&[file], &Schema::default(), &TableSettings::default()).unwrap();
        assert_eq!(read.provenance.notes[0], "`binary.csv` is Parquet by its bytes, whatever its ending says, and was read so");
    }
}

fn scores(text: impl AsRef<[u8]>, roles: &ScoreRoles) -> Result<Scored, String> {
    let folder = Folder::new();
    let file = folder.write("scores.csv", text);
    let place = folder.path("").display().to_string();
    table::read_scores(&[file], roles, &TableSettings::default()).map_err(|error| error.to_string().replace(&place, ""))
}

fn score_roles() -> ScoreRoles {
    ScoreRoles { score: "score".to_owned(), groups: vec![role("gender")], ..ScoreRoles::default() }
}

#[test]
fn bad_input_is_told_with_its_place_and_the_remedy() {
    let with_label = |favourable: Option<&str>| ScoreRoles {
        label: Some(LabelRole {
            column: "hired".to_owned(),
            favourable: favourable.map(str::to_owned).into_iter().collect(),
            ..LabelRole::default()
        }),
        ..score_roles()
    };
    let (label, favoured) = (with_label(None), with_label(Some("y")));
    let with_weight = ScoreRoles { weight: Some("w".to_owned()), ..score_roles() };
    let cut = ScoreRoles {
        groups: vec![SensitiveRole { name: "age".to_owned(), columns: vec!["age".to_owned()], rule: Some("> 25".to_owned()) }],
        ..score_roles()
    };
    let odd_rule = ScoreRoles {
        groups: vec![SensitiveRole { name: "age".to_owned(), columns: vec!["age".to_owned()], rule: Some("older than 25".to_owned()) }],
        ..score_roles()
    };
    let plain = score_roles();
    let cases: Vec<(&str, &[u8], &ScoreRoles, &str)> = vec![
        (
            "score above 1",
            b"gender,score\nf,0.5\nm,1.5\n",
            &plain,
            "`scores.csv`, column `score`, data row 2: `1.5` is not allowed; a score is",
        ),
        ("score NaN", b"gender,score\nf,NaN\n", &plain, "data row 1: a missing value is not allowed"),
        ("score infinite", b"gender,score\nf,inf\n", &plain, "data row 1: `inf` is not allowed"),
        ("score text", b"gender,score\nf,high\n", &plain, "data row 1: `high` is not allowed"),
        ("score empty", b"gender,score\nf,\n", &plain, "data row 1: a missing value is not allowed"),
        (
            "label out of range",
            b"gender,score,hired\nf,0.5,2\n",
            &label,
            "column `hired`, data row 1: `2` is not allowed; a label is 0 or 1",
        ),
        ("label empty", b"gender,score,hired\nf,0.5,\n", &favoured, "the favourable value `y` does not occur"),
        (
            "favourable absent",
            b"gender,score,hired\nf,0.5,no\nf,1,x\n",
            &favoured,
            "column `hired`: the favourable value `y` does not occur; the column holds no, x",
        ),
        ("weight negative", b"gender,score,w\nf,0.5,-1\n", &with_weight, "column `w`, data row 1: `-1` is not allowed; a weight is"),
        ("weight NaN", b"gender,score,w\nf,0.5,nan\n", &with_weight, "column `w`, data row 1: a missing value is not allowed"),
        ("weights all 0", b"gender,score,w\nf,0.5,0\n", &with_weight, "column `w`: all weights are 0"),
        (
            "missing column",
            b"gendre,score\nf,0.5\n",
            &plain,
            "`scores.csv` has no column `gender`; did you mean `gendre`?; its columns are gendre, score",
        ),
        ("header only", b"gender,score\n", &plain, "`scores.csv` has a header but no rows"),
        ("blank lines only", b"gender,score\n\n\r\n", &plain, "`scores.csv` has a header but no rows"),
        ("empty", b"", &plain, "`scores.csv` is empty (0 bytes)"),
        ("double name", b"gender,score,score\nf,1,1\n", &plain, "the header names the column `score` twice"),
        ("short row", b"gender,score,x\nf,0.5,1\nm,0.5\n", &plain, "`scores.csv`, data row 2: 2 fields where the header names 3"),
        ("long row", b"gender,score\nf,0.5\n\nm,0.5,7\n", &plain, "`scores.csv`, data row 2: 3 fields where the header names 2"),
        ("not UTF-8", b"gender,score\nf,0.5\n\xff,0.5\n", &plain, "`scores.csv`, data row 2: the text is not UTF-8"),
        ("header not UTF-8", b"gend\xffr,score\nf,0.5\n", &plain, "`scores.csv`, the header: the text is not UTF-8"),
        ("UTF-16 cut in a letter", b"\xff\xfeg\0\n\0e", &plain, "data row 1 holds bytes that are not UTF-16"),
        ("broken archive", b"PK\x03\x04...", &plain, "`scores.csv` cannot be unpacked: "),
        ("broken gzip", b"\x1f\x8b\x08...", &plain, "`scores.csv` cannot be unpacked: it ends too early"),
        ("quote left open", b"gender,score\nf,0.5\n\"m,0.5\n", &plain, "the double quote that opens in data row 2 is never closed"),
        ("text in a cut column", b"age,score\n24,0.5\nold,0.5\n", &cut, "column `age`, data row 2: `old` is not allowed; a finite number"),
        ("odd rule", b"age,score\n24,0.5\n", &odd_rule, "the rule `older than 25` is not understood"),
    ];
    for (name, text, roles, expected) in cases {
        let message = scores(text, roles).unwrap_err();
        assert!(message.contains(expected), "{name}: {message}");
    }
}

#[test]
fn files_that_cannot_be_found_are_told() {
    let folder = Folder::new();
    let message = |file: PathBuf| {
        table::read_scores(&[file.display().to_string()], &score_roles(), &TableSettings::default()).unwrap_err().to_string()
    };
    assert!(message(folder.path("no.csv")).contains("cannot read `"));
    assert!(message(folder.path("*.csv")).contains("no file matches `"));
    assert!(message(folder.path("[.csv")).contains("is not a valid file pattern"));
    assert!(message(folder.path("")).contains("is a folder, not a file"));
    assert!(
        table::read_scores(&[], &score_roles(), &TableSettings::default()).unwrap_err().to_string().contains("no input file was named")
    );
}

#[test]
fn roles_that_contradict_each_other_are_told() {
    let folder = Folder::new();
    let file = [folder.write("own.csv", TABLE)];
    let message = |change: &dyn Fn(&mut Schema)| {
        let mut changed = schema();
        change(&mut changed);
        table::read(&file, &changed, &TableSettings::default()).unwrap_err().to_string()
    };
    let features = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    for (expected, change) in [
        (
            "column `hired`: it cannot be both label and weight",
            &(|s: &mut Schema| s.weight = Some("hired".to_owned())) as &dyn Fn(&mut Schema),
        ),
        ("column `gender`: it is sensitive and stands among the inputs", &|s| s.features = features(&["years", "gender"])),
        ("column `hired`: it is the label and stands among the inputs", &|s| s.features = features(&["years", "hired"])),
        ("column `years`: it stands twice", &|s| s.features = features(&["years", "years"])),
        ("has no column `yeers`; did you mean `years`?", &|s| s.exclude = vec!["yeers".to_owned()]),
        ("has no column `income`", &|s| s.features = features(&["income"])),
        ("column `gender`: two sensitive attributes have this name", &|s| s.sensitive.push(role("gender"))),
        ("column `hired`: it is the label, which is learned anyway", &|s| s.targets = vec!["hired".to_owned()]),
        ("column `years`: it stands twice in `targets`", &|s| s.targets = vec!["years".to_owned(), "years".to_owned()]),
        ("column `gender`: it cannot be both sensitive and a target", &|s| s.targets = vec!["gender".to_owned()]),
        ("column `id`: it cannot be both person and a target", &|s| s.targets = vec!["id".to_owned()]),
        ("column `years`: it is a target and stands among the inputs as well", &|s| {
            s.targets = vec!["years".to_owned()];
            s.features = features(&["degree", "years"]);
        }),
    ] {
        let message = message(change);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn further_targets_are_read_beside_named_inputs_and_are_none_themselves() {
    let folder = Folder::new();
    let file = [folder.write("own.csv", "years,openness,energy,hired\n1,0.5,0.25,1\n2,0.75,1,0\n")];
    let label = Some(LabelRole { column: "hired".to_owned(), ..LabelRole::default() });
    let targets = vec!["energy".to_owned(), "openness".to_owned()];
    for features in [None, Some(vec!["years".to_owned()])] {
        let data = table::read(
            &file,
            &Schema { label: label.clone(), targets: targets.clone(), features, ..Schema::default() },
            &TableSettings::default(),
        )
        .unwrap();
        let found: Vec<(&str, &[f64])> = data.targets.iter().map(|target| (target.name.as_str(), target.values.as_slice())).collect();
        assert_eq!(found, [("energy", [0.25, 1.0].as_slice()), ("openness", [0.5, 0.75].as_slice())]);
        assert_eq!(data.features.iter().map(|feature| feature.name.as_str()).collect::<Vec<_>>(), ["years"]);
    }
}

#[test]
fn scores_may_be_rescaled_and_intersections_asked_for() {
    let text = "gender,race,score\nf,x,10\nm,y,60\nf,y,110\n,x,10\n";
    let both = SensitiveRole { name: "both".to_owned(), columns: vec!["gender".to_owned(), "race".to_owned()], rule: None };
    let roles = ScoreRoles { groups: vec![role("gender"), both], range: Some((10.0, 110.0)), ..score_roles() };
    let scored = scores(text, &roles).unwrap();
    assert_eq!(scored.scores, [0.0, 0.5, 1.0, 0.0]);
    assert_eq!(scored.groups[1].name(), "both");
    assert_eq!(scored.groups[1].levels(), ["f x x", "f x y", "m x y"]);
    assert_eq!(scored.groups[1].codes(), [0, 2, 1, u32::MAX]);
    assert_eq!(scored.provenance.notes[0], "scores were rescaled from 10 to 110 to 0 to 1");
    assert!(scores(text, &score_roles()).unwrap_err().contains("or state the range of the scores (`range`)"));
}

#[test]
fn one_group_and_no_known_group_are_reported_not_refused() {
    let notes = |text: &str| scores(text, &score_roles()).unwrap().provenance.notes;
    assert_eq!(notes("gender,score\nf,0.5\nf,1\n"), ["`gender`: all rows are of one group, so no gap can be measured"]);
    assert!(notes("gender,score\n,0.5\nunknown,1\n").contains(&"`gender`: no row has a known group, so no gap can be measured".to_owned()));
}

/// A table of many rows, so that it is cut into pieces and batches.
fn long_table(rows: usize, quoted: bool) -> String {
    let mut text = "id,gender,race,score,label\r\n".to_owned();
    for row in 0..rows {
        let gender = ["f", "m", "unknown", "x"][(row * 7 + row / 1000) % if row < rows / 2 { 3 } else { 4 }];
        let race = ["b", "a", "c"][row % 3];
        let id = if quoted { format!("\"row\n{row}\"") } else { format!("row {row}") };
        let _ = write!(text, "{id},{gender},{race},{},{}\r\n", (row % 1000) as f64 / 1000.0, row % 2);
    }
    text
}

fn long_roles() -> ScoreRoles {
    let both = SensitiveRole { name: "both".to_owned(), columns: vec!["race".to_owned(), "gender".to_owned()], rule: None };
    ScoreRoles {
        groups: vec![role("gender"), role("race"), both],
        label: Some(LabelRole { column: "label".to_owned(), favourable: vec!["1".to_owned()], ..LabelRole::default() }),
        ..score_roles()
    }
}

#[test]
fn a_stream_gives_what_reading_at_once_gives() {
    for quoted in [false, true] {
        let folder = Folder::new();
        // More than one part of 8 MiB.
        folder.write("1.csv", long_table(500_000, quoted));
        folder.write("2.csv", "label,score,race,gender\n1,0.25,d,m\n");
        let files = [folder.path("?.csv").display().to_string()];
        let whole = table::read_scores(&files, &long_roles(), &TableSettings::default()).unwrap();
        let mut stream = table::stream_scores(&files, &long_roles(), &TableSettings::default()).unwrap();
        let (mut rows, mut chunks) = (0, 0);
        let mut levels: Vec<Vec<String>> = vec![Vec::new(); 3];
        for chunk in &mut stream {
            let chunk = chunk.unwrap();
            let end = rows + chunk.scores.len();
            assert_eq!(chunk.scores, whole.scores[rows..end]);
            assert_eq!(chunk.labels(), Some(&whole.label.as_ref().unwrap().values[rows..end]));
            for ((groups, all), known) in chunk.groups.iter().zip(&whole.groups).zip(&mut levels) {
                assert!(groups.levels().starts_with(known), "a code never changes its meaning");
                *known = groups.levels().to_vec();
                assert!((rows..end).all(|row| all.level(all.codes()[row]) == groups.level(groups.codes()[row - rows])));
            }
            rows = end;
            chunks += 1;
        }
        assert_eq!(rows, 500_001);
        assert!(chunks > 2, "{chunks}");
        assert_eq!(stream.digests(), whole.provenance.files);
        assert_eq!(stream.notes(), ["`gender`: `unknown` taken as unknown group"]);
    }
}

#[test]
fn a_stream_of_parquet_comes_by_row_groups() {
    let folder = Folder::new();
    let file = [parquet_files::write(&folder, "own.parquet")];
    let chunks: Vec<table::Chunk> = table::stream_scores(
        &file,
        &ScoreRoles { score: "hired".to_owned(), groups: schema().sensitive, ..ScoreRoles::default() },
        &TableSettings::default(),
    )
    .unwrap()
    .map(Result::unwrap)
    .collect();
    assert_eq!(chunks.iter().map(|chunk| chunk.scores.clone()).collect::<Vec<_>>(), [[1.0, 0.0], [1.0, 0.0]]);
}

#[test]
fn a_stream_ends_at_the_first_bad_row_and_names_it() {
    let folder = Folder::new();
    let mut text = long_table(400_000, false);
    text.push_str("row,f,a,7,1\r\n");
    let files = [folder.write("long.csv", text)];
    let mut stream = table::stream_scores(&files, &long_roles(), &TableSettings::default()).unwrap();
    let message = stream.find_map(Result::err).unwrap().to_string();
    assert!(message.contains("column `score`, data row 400001: `7` is not allowed"), "{message}");
    assert!(stream.next().is_none());
    for (text, expected) in [
        ("gender,race,score,label\n", "no rows"),
        ("a,b\n1\n", "has no column"),
        ("gender,race,score,label\nf,a,1\n", "data row 1: 3 fields"),
    ] {
        let files = [folder.write("bad.csv", text)];
        let message =
            table::stream_scores(&files, &long_roles(), &TableSettings::default()).unwrap().find_map(Result::err).unwrap().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn the_number_of_threads_does_not_show() {
    let folder = Folder::new();
    let files = [folder.write("long.csv", long_table(200_000, false))];
    let wanted = Schema {
        label: Some(LabelRole { column: "score".to_owned(), ..LabelRole::default() }),
        sensitive: vec![role("gender")],
        person: Some("id".to_owned()),
        ..Schema::default()
    };
    let read = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| table::read(&files, &wanted, &TableSettings::default()).unwrap())
    };
    let one = read(1);
    assert_eq!(one.label().unwrap().kind, LabelKind::Continuous);
    assert_eq!(one, read(3));
}
