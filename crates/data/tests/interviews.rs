//! The loader `interviews` on folders as `evenhand extract` leaves them, and on damaged ones.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema as Columns};
use evenhand_data::DataError;
use evenhand_data::loaders::interviews::{CANDIDATES, SETTINGS, TENSORS};
use evenhand_data::recordings::RecordWriter;
use evenhand_rows::recordings::{Recording, Shape};
use evenhand_rows::{Dataset, LabelRole, Schema, SensitiveRole};
use parquet::arrow::ArrowWriter;
use sha2::{Digest, Sha256};

/// A folder as `evenhand extract` writes it: ids, persons (empty for none) and records. Record `n` has the one audio value `n`.
pub(crate) fn write_extracted(folder: &Path, candidates: &[(&str, &str, Option<i64>)]) {
    write_table(folder, candidates);
    let shape = Shape { segments: 1, per_segment: 1, side: 0, audio: 1, text: 0 };
    let count = candidates.iter().filter(|(.., record)| record.is_some()).count();
    let mut writer = RecordWriter::create(&folder.join(TENSORS), shape, count).unwrap();
    for place in 0..count {
        let recording = Recording { audio: Some(vec![place as f32]), ..Recording::default() };
        writer.push(&recording.to_bytes(&shape).unwrap()).unwrap();
    }
    writer.finish().unwrap();
    let mut about = "{ \"format\": 1, \"tensors_sha256\": \"".to_owned();
    for byte in Sha256::digest(fs::read(folder.join(TENSORS)).unwrap()) {
        write!(about, "{byte:02x}").unwrap();
    }
    fs::write(folder.join(SETTINGS), about + "\" }").unwrap();
}

fn write_table(folder: &Path, candidates: &[(&str, &str, Option<i64>)]) {
    let ids = StringArray::from_iter_values(candidates.iter().map(|(id, ..)| *id));
    let persons: StringArray = candidates.iter().map(|(_, person, _)| Some(*person).filter(|person| !person.is_empty())).collect();
    let records: Int64Array = candidates.iter().map(|(.., record)| *record).collect();
    let columns = Columns::new(vec![
        Field::new("id", DataType::Utf8, false),
        Field::new("person", DataType::Utf8, true),
        Field::new("record", DataType::Int64, true),
    ]);
    let batch = RecordBatch::try_new(Arc::new(columns), vec![Arc::new(ids), Arc::new(persons), Arc::new(records)]).unwrap();
    let mut writer = ArrowWriter::try_new(fs::File::create(folder.join(CANDIDATES)).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

fn load(folder: &Path, schema: &Schema) -> Result<Dataset, DataError> {
    crate::corpora::load("interviews", folder, &[], schema)
}

fn refusal(folder: &Path) -> String {
    load(folder, &Schema::default()).unwrap_err().to_string()
}

const CANDIDATES_OF_THREE: [(&str, &str, Option<i64>); 4] =
    [("a1", "ann", Some(1)), ("b1", "", Some(0)), ("c1", "", None), ("a2", "ann", Some(2))];

#[test]
fn who_has_no_person_is_a_person_of_their_own_unless_the_recipe_names_the_column() {
    let folder = tempfile::tempdir().unwrap();
    write_extracted(folder.path(), &CANDIDATES_OF_THREE);
    let data = load(folder.path(), &Schema::default()).unwrap();
    assert_eq!((data.len(), data.recordings.as_ref().unwrap().records()), (3, [1, 0, 2].as_slice()));
    let person = data.person.as_ref().unwrap();
    assert_eq!(person.codes.iter().map(|&code| person.levels[code as usize].as_str()).collect::<Vec<_>>(), ["ann", "b1", "ann"]);
    assert!(data.provenance.notes.contains(&"`person` is empty for 2 candidates; each counts as a person of their own".to_owned()));

    let named = Schema { person: Some("person".to_owned()), ..Schema::default() };
    let shown = load(folder.path(), &named).unwrap_err().to_string();
    assert!(shown.contains("column `person`, data row 2: an empty field is not allowed"), "{shown}");
    assert!(shown.contains("do so in the manifest, and extract again"), "{shown}");

    let role = SensitiveRole { name: "person".to_owned(), columns: Vec::new(), rule: None };
    let shown = load(folder.path(), &Schema { sensitive: vec![role], ..Schema::default() }).unwrap_err().to_string();
    assert!(shown.contains("cannot be both person and sensitive"), "{shown}");
    write_extracted(folder.path(), &[("a1", "ann", Some(0)), ("a2", "ann", Some(1)), ("b1", "bob", Some(2))]);
    let data = load(folder.path(), &Schema::default()).unwrap();
    assert_eq!(data.person.as_ref().unwrap().codes, [0, 0, 1]);
    assert!(data.provenance.notes.iter().all(|note| !note.contains("person")), "{:?}", data.provenance.notes);
    // A wrong label, too, is put right where it came from.
    let label = Some(LabelRole { column: "id".to_owned(), ..LabelRole::default() });
    assert!(load(folder.path(), &Schema { label, ..Schema::default() }).unwrap_err().to_string().contains("in the manifest"));
}

#[test]
fn a_folder_whose_files_are_not_of_one_extraction_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path();
    let (tensors, settings) = (folder.join(TENSORS), folder.join(SETTINGS));
    write_extracted(folder, &CANDIDATES_OF_THREE);
    assert_eq!(load(folder, &Schema::default()).unwrap().len(), 3);

    let whole = fs::read(&tensors).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    fs::write(&tensors, &flipped).unwrap();
    let shown = refusal(folder);
    assert!(shown.contains(TENSORS) && shown.contains("it is not the file that `interviews.json` describes"), "{shown}");
    fs::write(&tensors, &whole).unwrap();

    for (text, expected) in [("{}", "missing field `tensors_sha256`"), ("", "it cannot be read"), ("[1", "extract again or restore it")] {
        fs::write(&settings, text).unwrap();
        assert!(refusal(folder).contains(expected), "{}", refusal(folder));
    }
    fs::remove_file(&settings).unwrap();
    assert!(refusal(folder).contains("lacks `interviews.json`; name a folder that `evenhand extract` finished"), "{}", refusal(folder));

    write_extracted(folder, &CANDIDATES_OF_THREE);
    write_table(folder, &[("a1", "ann", Some(1)), ("b1", "", Some(0)), ("a2", "ann", Some(0))]);
    assert!(refusal(folder).contains("row 3 names record 0, as an earlier row does; extract again"), "{}", refusal(folder));
    write_table(folder, &CANDIDATES_OF_THREE[..3]);
    assert!(refusal(folder).contains("no row names record 2 of 3"), "{}", refusal(folder));
    write_table(folder, &[("a1", "ann", Some(-1))]);
    assert!(refusal(folder).contains("row 1 names record -1, which the tensors do not hold"), "{}", refusal(folder));
}
