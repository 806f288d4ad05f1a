//! Reading a person's own files.

use std::path::PathBuf;

use evenhand_data::{ColumnType, LabelKind, LabelRole, Schema, SensitiveRole, Values, table};

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
        label: Some(LabelRole { column: "hired".to_owned(), favourable: None }),
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
    let data = table::read(&[folder.write("own.csv", TABLE)], &schema()).unwrap();
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
            "`gender`: the group of 1 rows is unknown; they are left out of every gap"
        ]
    );
}

#[test]
fn types_can_be_overruled_and_sensitive_columns_asked_for() {
    let folder = Folder::new();
    let file = folder.write("own.csv", TABLE);
    let mut wanted = schema();
    wanted.types.insert("years".to_owned(), ColumnType::Categorical);
    wanted.sensitive_as_features = true;
    let data = table::read(std::slice::from_ref(&file), &wanted).unwrap();
    let flags: Vec<(&str, bool)> = data.features.iter().map(|feature| (feature.name.as_str(), feature.sensitive)).collect();
    assert_eq!(flags, [("degree", false), ("years", false), ("gender", true), ("age", true)]);
    let Values::Categorical { levels, .. } = &data.features[1].values else { panic!("years are categories") };
    assert_eq!(levels, &["1", "2.5", "3"]);
    wanted.types.insert("degree".to_owned(), ColumnType::Numeric);
    let message = table::read(&[file], &wanted).unwrap_err().to_string();
    assert!(message.contains("column `degree`, data row 1: `phd` is not allowed"), "{message}");
}
