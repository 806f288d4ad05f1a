//! One table of 40 people as five programs and a spreadsheet's own format write it: every command takes each as it is, and finds what was worked
//! out by hand.
//!
//! Twenty women score .05, .09, … .81, so that 8 lie above one half, and every fourth is hired. Twenty men score .1 higher than they, so that 11
//! lie above one half and the two distributions are .1 apart at every threshold on average; every other man is hired.

use std::fmt::Write as _;
use std::io::Write as _;

use crate::command::{Place, stderr};
use crate::figures::{
    assert_groups, assert_near, audit, by_group, counts, favoured, notes, refusal, report, selected, succeeds, table, tilt, unknown, value,
    written,
};

struct Person {
    number: u32,
    woman: bool,
    /// Score in hundredths.
    score: u32,
    hired: bool,
}

impl Person {
    fn of<'a>(&self, women: &'a str, men: &'a str) -> &'a str {
        if self.woman { women } else { men }
    }

    fn when<'a>(&self, hired: &'a str, not: &'a str) -> &'a str {
        if self.hired { hired } else { not }
    }

    /// A number with decimals after a point.
    fn score(&self) -> String {
        format!("0.{:02}", self.score)
    }

    fn salary(&self) -> u32 {
        30_000 + 275 * self.number
    }
}

fn people() -> Vec<Person> {
    let person = |number: u32| {
        let (step, woman) = (number / 2, number.is_multiple_of(2));
        let score = 5 + 4 * step + if woman { 0 } else { 10 };
        Person { number, woman, score, hired: step.is_multiple_of(if woman { 4 } else { 2 }) }
    };
    (0..40).map(person).collect()
}

/// A file as a program writes it, and what its columns are called.
struct Export {
    file: &'static str,
    bytes: Vec<u8>,
    group: &'static str,
    score: &'static str,
    label: &'static str,
    women: &'static str,
    men: &'static str,
    /// The favourable value as the file writes it, and the other one.
    hired: [&'static str; 2],
    /// Columns that no model should learn from.
    ids: &'static [&'static str],
    /// Columns of which made rows are made.
    made: &'static [&'static str],
    separator: u8,
    /// Rows of unknown group.
    unknown: usize,
}

/// Asks every command for the figures of the 40 people.
fn check(export: &Export) {
    let Export { file, group, score, label, women, men, hired: [yes, no], .. } = export;
    let recipe = format!(
        "name = \"export\"\nseeds = [1]\n[data]\nloader = \"table\"\nfiles = [\"{file}\"]\nexclude = {:?}\nlabel = {{ column = \"{label}\" }}\n\
         sensitive = [{{ column = \"{group}\" }}]\n[model]\nhidden = [2]\n[training]\nepochs = 1\n[intervals]\nlevel = 0.0\n[[method]]\n\
         objective = \"vanilla\"\n",
        export.ids
    );
    let place = Place::new(&[(file, &export.bytes), ("export.toml", recipe.as_bytes())]);
    let columns = format!("--group '{group}' --label '{label}'");
    let sorted = |women_first: [(&'static str, u64, f64); 2]| {
        let mut groups = women_first;
        groups.sort_by(|one, other| one.0.cmp(other.0));
        groups
    };

    for stream in ["", "--stream"] {
        let found = audit(&place, &format!("{file} --score '{score}' {columns} {stream}"));
        assert_groups(&selected(&found), &sorted([(women, 20, 0.4), (men, 20, 0.55)]));
        assert_near(value(&found, "demographic-parity-difference"), 0.15);
        assert_eq!(unknown(&found), export.unknown as u64, "{file}");
        if stream.is_empty() {
            assert_near(value(&found, "spdd"), 0.1);
            assert_groups(&favoured(&found), &sorted([(women, 20, 0.25), (men, 20, 0.5)]));
        }
    }
    let cells = tilt(&place, &format!("{file} {columns}"));
    assert_eq!(cells, [((*women).to_owned(), (5, 15)), ((*men).to_owned(), (10, 10))].into(), "{file}");

    succeeds(&place, &format!("rank {file} --score '{score}' {columns} --top 10 --out ranked.csv"));
    let ranked = written(&place, "ranked.csv", export.separator);
    assert_eq!(ranked.len(), 40 + export.unknown, "{file}");
    let on_list = |name: &str| {
        let listed = ranked.iter().filter(|row| row["shortlisted"] == "yes" && row[*group].trim_end_matches(".0") == name);
        listed.count()
    };
    assert_eq!((on_list(women), on_list(men)), (5, 5), "{file}: an equal share of ten places");

    let output = place.run(&format!("balance {file} {columns} --rows 40 --out made.csv"));
    assert_eq!(output.status.code(), Some(0), "{file}: {}", stderr(&output));
    let made = counts(&place, "made.csv", export.separator, &[group, label]);
    for cell in [women, men].into_iter().flat_map(|group| [yes, no].map(|label| format!("{group} {label}"))) {
        assert_eq!(made.get(&cell), Some(&10), "{file}: {made:?}");
    }
    let names: Vec<String> = written(&place, "made.csv", export.separator)[0].keys().cloned().collect();
    let mut wanted = export.made.to_vec();
    wanted.sort_unstable();
    assert_eq!(names, wanted, "{file}: {}", stderr(&output));

    // The largest cell holds the 15 women who were not hired; whoever is of no known group stays.
    succeeds(&place, &format!("balance {file} {columns} --method oversampling --out over.csv"));
    let over = counts(&place, "over.csv", export.separator, &[label]);
    assert_eq!(over.values().sum::<usize>(), 60 + export.unknown, "{file}: {over:?}");

    let found = report(&place, "run export.toml --out runs");
    assert_groups(&favoured(&found), &sorted([(women, 20, 0.25), (men, 20, 0.5)]));
    let features: Vec<&str> = found["data"]["features"].as_array().unwrap().iter().filter_map(serde_json::Value::as_str).collect();
    assert!(features.contains(score), "{file}: {features:?}");
    let scored = succeeds(&place, &format!("score runs/models/vanilla__seed_1 {file} --out scored.csv"));
    assert!(scored.contains(&format!("{} rows scored", 40 + export.unknown)), "{file}: {scored}");
}

/// A German spreadsheet: a title, semicolons, decimal commas, points between thousands, percent, a line of totals, empty rows.
fn german() -> String {
    let mut text = "Bewerbungen Frühjahr 2026;;;;;;\r\n;;;;;;\r\nNr;Geschlecht;Eignung;Gehalt;Quote;Eintritt;Eingestellt\r\n".to_owned();
    for person in people() {
        let salary = person.salary();
        let group = person.of("Frauen", "Männer");
        let day = format!("{:02}.{:02}.2026", 1 + person.number % 28, 1 + person.number % 12);
        let (number, score) = (person.number + 1, person.score);
        let (thousands, rest, hired) = (salary / 1000, salary % 1000, person.when("Ja", "Nein"));
        write!(text, "{number};{group};0,{score:02};{thousands}.{rest:03};{score},0 %;{day};{hired}\r\n").unwrap();
    }
    let sum: u32 = people().iter().map(|person| person.score).sum();
    write!(text, "Summe;;{},{:02};;;;\r\n", sum / 100, sum % 100).unwrap();
    text + &";;;;;;\r\n".repeat(3)
}

#[test]
fn a_german_spreadsheet_needs_no_hand() {
    let western = german().chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    for (file, bytes) in [("west.csv", western), ("utf8.csv", format!("\u{feff}{}", german()).into_bytes())] {
        check(&Export {
            file,
            bytes,
            group: "Geschlecht",
            score: "Eignung",
            label: "Eingestellt",
            women: "Frauen",
            men: "Männer",
            hired: ["Ja", "Nein"],
            ids: &["Nr", "Eintritt"],
            made: &["Geschlecht", "Eignung", "Gehalt", "Quote", "Eintritt", "Eingestellt"],
            separator: b';',
            unknown: 0,
        });
    }
    let place = Place::new(&[("utf8.csv", german().as_bytes())]);
    // A percentage is the same score, and salaries keep their look between 30.000 and 40.725.
    let found = audit(&place, "utf8.csv --score Quote --group Geschlecht");
    assert_groups(&selected(&found), &[("Frauen", 20, 0.4), ("Männer", 20, 0.55)]);
    succeeds(&place, "balance utf8.csv --group Geschlecht --label Eingestellt --rows 40 --out made.csv");
    for row in written(&place, "made.csv", b';') {
        let (thousands, rest) = row["Gehalt"].split_once('.').unwrap();
        assert!((30..=40).contains(&thousands.parse::<u32>().unwrap()) && rest.len() == 3, "{row:?}");
    }
    let salaries = audit(&place, "utf8.csv --score Gehalt --range 30000,40725 --threshold 35000 --group Geschlecht");
    // 30.000 + 275 n lies above 35.000 from n = 19 on: 10 of the women (even n) and 11 of the men.
    assert_groups(&selected(&salaries), &[("Frauen", 20, 0.5), ("Männer", 20, 0.55)]);
}

#[test]
fn thousands_of_france_and_switzerland_are_numbers() {
    for (separator, unit) in [("\u{a0}", " €"), ("\u{202f}", "\u{202f}€"), (" ", ""), ("'", ""), ("\u{2019}", " CHF")] {
        let mut text = "sexe;salaire;retenu\n".to_owned();
        for person in people() {
            let (salary, hired) = (person.salary(), person.when("oui", "non"));
            writeln!(text, "{};{}{separator}{:03},00{unit};{hired}", person.of("F", "H"), salary / 1000, salary % 1000).unwrap();
        }
        let western = || text.chars().map(|letter| u8::try_from(letter).unwrap_or(0x80)).collect::<Vec<u8>>();
        let bytes = if separator == "\u{a0}" { western() } else { text.clone().into_bytes() };
        let place = Place::new(&[("france.csv", &bytes)]);
        let found = audit(&place, "france.csv --score salaire --range 30000,40725 --threshold 35000 --group sexe --label retenu");
        assert_groups(&selected(&found), &[("F", 20, 0.5), ("H", 20, 0.55)]);
        assert_groups(&favoured(&found), &[("F", 20, 0.25), ("H", 20, 0.5)]);
        succeeds(&place, "balance france.csv --group sexe --label retenu --rows 40 --out made.csv");
        for row in written(&place, "made.csv", b';') {
            assert!(row["salaire"].starts_with(['3', '4']) && row["salaire"].ends_with(unit.trim()), "{separator:?}: {row:?}");
        }
    }
}

#[test]
fn an_export_of_google_sheets_needs_no_hand() {
    let mut text = "Timestamp,Name,Gender,Score,Salary,Hired,Notes,,\n".to_owned();
    for person in people() {
        let (number, salary) = (person.number, person.salary());
        let gender = person.of("Female", "Male");
        let day = format!("{}/{}/2026 {}:{:02}:00", 1 + number % 12, 13 + number % 16, number % 24, number);
        let (thousands, rest, hired) = (salary / 1000, salary % 1000, person.when("TRUE", "FALSE"));
        writeln!(
            text,
            "{day},\"Doe, J. {number}\",{gender},{},\"${thousands},{rest:03}.00\",{hired},\"said \"\"yes\"\"\",,",
            person.score()
        )
        .unwrap();
    }
    check(&Export {
        file: "responses.csv",
        bytes: text.into_bytes(),
        group: "Gender",
        score: "Score",
        label: "Hired",
        women: "Female",
        men: "Male",
        hired: ["TRUE", "FALSE"],
        ids: &["Timestamp", "Name", "column 8", "column 9"],
        made: &["Gender", "Score", "Salary", "Hired", "Notes"],
        separator: b',',
        unknown: 0,
    });
}

#[test]
fn an_export_of_pandas_needs_no_hand() {
    let mut text = ",sex,score,years,hired\n".to_owned();
    for person in people() {
        let (number, score) = (person.number, f64::from(person.score) / 100.0);
        // Small numbers in powers of ten, and a column with a gap becomes one of decimals.
        let years = if number % 10 == 3 { String::new() } else { format!("{}.0", number % 9) };
        writeln!(text, "{number},{},{score:e},{years},{}", person.of("1.0", "2.0"), person.when("True", "False")).unwrap();
    }
    (40..45).for_each(|number| writeln!(text, "{number},,1e-02,1.0,True").unwrap());
    let bytes = text.into_bytes();
    check(&Export {
        file: "frame.csv",
        bytes,
        group: "sex",
        score: "score",
        label: "hired",
        women: "1",
        men: "2",
        hired: ["True", "False"],
        ids: &["column 1"],
        made: &["sex", "score", "years", "hired"],
        separator: b',',
        unknown: 5,
    });
}

/// A table as R writes it: text in quotes, `NA`, names of the rows.
fn r_table(separator: &str, decimal: &str, header: &str) -> Vec<u8> {
    let mut text = format!("{header}\n");
    for person in people() {
        let (number, score) = (person.number + 1, person.score().replace('.', decimal));
        let years = if number % 10 == 3 { "NA".to_owned() } else { (number % 9).to_string() };
        let fields =
            [format!("\"{number}\""), format!("\"{}\"", person.of("f", "m")), score, years, person.when("TRUE", "FALSE").to_owned()];
        writeln!(text, "{}", fields.join(separator)).unwrap();
    }
    text.into_bytes()
}

#[test]
fn exports_of_r_need_no_hand_with_and_without_a_name_for_the_names_of_rows() {
    let names = ["\"gender\"", "\"score\"", "\"years\"", "\"hired\""];
    let short = |separator: &str| names.join(separator);
    for (file, bytes, separator) in [
        ("write_csv.csv", r_table(",", ".", &format!("\"\",{}", short(","))), b','),
        ("write_csv2.csv", r_table(";", ",", &format!("\"\";{}", short(";"))), b';'),
        ("write_table_comma.csv", r_table(",", ".", &short(",")), b','),
        ("write_table_semicolon.csv", r_table(";", ",", &short(";")), b';'),
        ("write_table_tab.txt", r_table("\t", ".", &short("\t")), b'\t'),
        ("write_table.txt", r_table(" ", ".", &short(" ")), b' '),
    ] {
        check(&Export {
            file,
            bytes,
            group: "gender",
            score: "score",
            label: "hired",
            women: "f",
            men: "m",
            hired: ["TRUE", "FALSE"],
            ids: &["column 1"],
            made: &["gender", "score", "years", "hired"],
            separator,
            unknown: 0,
        });
    }
    let told = Place::new(&[("t.txt", &r_table(" ", ".", &short(" ")))]);
    let found = audit(&told, "t.txt --score score --group gender");
    assert!(
        notes(&found).contains("the rows have names of their own") && notes(&found).contains("separated by a blank"),
        "{}",
        notes(&found)
    );
    // The same without quotes.
    for separator in [",", ";", "\t", "|", " "] {
        let bare: Vec<u8> = r_table(separator, ".", &short(separator)).into_iter().filter(|byte| *byte != b'"').collect();
        let place = Place::new(&[("bare.csv", &bare)]);
        let found = audit(&place, "bare.csv --score score --group gender");
        assert_groups(&selected(&found), &[("f", 20, 0.4), ("m", 20, 0.55)]);
        assert!(notes(&found).contains("the rows have names of their own"), "{}", notes(&found));
    }
    // Where a decimal comma may cut a number, or a name was lost, the place is told.
    for (header, row) in [("id,score,gender", "0,9,f"), ("gender,score", "f,0,9"), ("id,gender", "f,0.9")] {
        let mut ragged = format!("{header}\n");
        for number in 1..=4 {
            let id = if header.starts_with("id") { format!("{number},") } else { String::new() };
            writeln!(ragged, "{id}{row}").unwrap();
        }
        let place = Place::new(&[("ragged.csv", ragged.as_bytes())]);
        let refused = refusal(&place, "audit ragged.csv --score gender --group gender");
        assert!(refused.contains("data row 1:") && refused.contains("fields where the header names"), "{refused}");
    }
}

/// An applicant tracking system: the 40 people, of whom some applied twice with the same result; six who decline to say their gender; four
/// women and two men in process or withdrawn.
fn applicants() -> String {
    let races = ["White", "White; Asian", "Black or African American", "Asian; White", "asian;white"];
    let declined = ["Decline to self-identify", "I do not wish to answer", "Prefer not to say"];
    let mut text = "Candidate ID,Name,Email,Requisition,Gender (EEO),Race (EEO),Assessment,Decision\n".to_owned();
    let mut line = |number: u32, gender: &str, race: &str, score: u32, decision: &str| {
        writeln!(text, "C{},\"Lee, K. {number}\",k{number}@example.org,R-{},{gender},{race},{score},{decision}", 7000 + number, number % 2)
            .unwrap();
    };
    for person in people() {
        let race = races[person.number as usize % 5];
        line(person.number, person.of("Female", "Male"), race, person.score, person.when("Hired", "Rejected"));
        if person.number >= 36 {
            line(person.number, person.of("Female", "Male"), race, person.score, person.when("Hired", "Rejected"));
        }
    }
    for number in 40..46 {
        line(number, declined[number as usize % 3], declined[(number as usize + 1) % 3], 90, "Rejected");
    }
    for number in 46..52 {
        line(number, if number < 50 { "Female" } else { "Male" }, "White", 60, ["In process", "Withdrawn"][number as usize % 2]);
    }
    text
}

#[test]
fn an_export_of_an_applicant_tracking_system_needs_no_hand() {
    let recipe = "name = \"ats\"\nseeds = [1]\n[data]\nloader = \"table\"\nfiles = [\"ats.csv\"]\nperson = \"Candidate ID\"\n\
                  exclude = [\"Name\", \"Email\"]\nlabel = { column = \"Decision\", favourable = \"Hired\" }\n\
                  sensitive = [{ column = \"Gender (EEO)\" }, { column = \"Race (EEO)\" }]\n[model]\nhidden = [2]\n[training]\nepochs = 1\n\
                  [intervals]\nlevel = 0.0\n[[method]]\nobjective = \"vanilla\"\n";
    let place = Place::new(&[("ats.csv", applicants().as_bytes()), ("ats.toml", recipe.as_bytes())]);
    let gender = "--group 'Gender (EEO)'";
    let words = format!("ats.csv --score Assessment --range 0,100 {gender} --group 'Race (EEO)' --label Decision --person 'Candidate ID'");
    for favourable in ["", "--favourable Hired"] {
        let found = audit(&place, &format!("{words} {favourable}"));
        // Persons: 20 + 4 women, of whom 8 + 4 score above 50, and 20 + 2 men, of whom 11 + 2 do; decided are 20 and 20.
        assert_groups(&selected(&found), &[("Female", 24, 12.0 / 24.0), ("Male", 22, 13.0 / 22.0)]);
        assert_groups(&favoured(&found), &[("Female", 20, 0.25), ("Male", 20, 0.5)]);
        assert_eq!(unknown(&found), 6);
        let races = by_group(&found, 1, "selection-rate");
        let sizes: Vec<(&str, u64)> = races.iter().map(|(name, rows, _)| (name.as_str(), *rows)).collect();
        assert_eq!(sizes, [("Black or African American", 8), ("White", 14), ("White; Asian", 24)]);
        assert!(notes(&found).contains("56 rows are of 52 persons"), "{}", notes(&found));
    }
    // The decision itself, where one was taken: 4 rows more, as nobody said that persons count once; of the last two women and men
    // (numbers 36 to 39) a man is hired.
    let decisions = audit(&place, &format!("ats.csv --score Decision {gender}"));
    assert_groups(&selected(&decisions), &[("Female", 22, 5.0 / 22.0), ("Male", 22, 11.0 / 22.0)]);
    assert!(notes(&decisions).contains("`Candidate ID` repeats"), "{}", notes(&decisions));
    let cells = tilt(&place, &format!("ats.csv {gender} --label Decision"));
    assert_eq!(cells, [("Female".to_owned(), (5, 17)), ("Male".to_owned(), (11, 11))].into());

    succeeds(&place, &format!("rank ats.csv --score Assessment {gender} --job Requisition --top 4 --out ranked.csv"));
    let ranked = written(&place, "ranked.csv", b',');
    assert_eq!(ranked.len(), 56);
    // Requisition R-0 has the women of the 40, R-1 the men; both have two of the four women and one of the two men who are undecided.
    let listed = ranked.iter().filter(|row| row["shortlisted"] == "yes").count();
    assert_eq!(listed, 8);
    succeeds(&place, &format!("balance ats.csv {gender} --label Decision --favourable Hired --method oversampling --out over.csv"));
    // The cells hold 5, 17, 11 and 11 rows; the 6 who declined stay, what is undecided does not.
    assert_eq!(written(&place, "over.csv", b',').len(), 4 * 17 + 6);
    succeeds(
        &place,
        &format!(
            "balance ats.csv {gender} --label Decision --labels 'Hired=0.5,Rejected=0.5,In process=0,Withdrawn=0' --rows 40 --out made.csv"
        ),
    );
    let made = written(&place, "made.csv", b',');
    assert_eq!(made.len(), 40);
    for id in ["Candidate ID", "Name", "Email"] {
        assert!(!made[0].contains_key(id), "{id}");
    }
    assert!(made.iter().all(|row| ["Female", "Male"].contains(&row["Gender (EEO)"].as_str())));
    let found = report(&place, "run ats.toml --out runs");
    assert_groups(&favoured(&found), &[("Female", 22, 5.0 / 22.0), ("Male", 22, 0.5)]);
    let scored = succeeds(&place, "score runs/models/vanilla__seed_1 ats.csv --out scored.csv");
    assert!(scored.contains("56 rows scored"), "{scored}");
}

/// A workbook with a cover and a sheet of rows, each row the XML of its cells; shared strings as given.
fn workbook(rows: &[String], shared: &[&str], merged: &[&str]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let (mut numbered, mut strings) = (String::new(), String::new());
    for (row, cells) in (1..).zip(rows) {
        write!(numbered, "<row r=\"{row}\">{cells}</row>").unwrap();
    }
    let mut regions = String::new();
    for region in merged {
        write!(regions, "<mergeCell ref=\"{region}\"/>").unwrap();
    }
    for text in shared {
        write!(strings, "<si><t>{text}</t></si>").unwrap();
    }
    let files = [
        (
            "_rels/.rels",
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{office}/officeDocument\" \
                 Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"Cover\" sheetId=\"1\" r:id=\"rId1\"/>\
                 <sheet name=\"Candidates\" sheetId=\"2\" r:id=\"rId2\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"rId1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/>\
                 <Relationship Id=\"rId2\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet2.xml\"/>\
                 <Relationship Id=\"rId3\" Type=\"{office}/styles\" Target=\"styles.xml\"/>\
                 <Relationship Id=\"rId4\" Type=\"{office}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"
            ),
        ),
        // Style 1 shows a day, style 2 a percentage.
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{main}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"9\"/></cellXfs></styleSheet>"
            ),
        ),
        ("xl/sharedStrings.xml", format!("<sst xmlns=\"{main}\">{strings}</sst>")),
        (
            "xl/worksheets/sheet1.xml",
            format!(
                "<worksheet xmlns=\"{main}\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>For internal use</t></is></c></row>\
                 <row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>Made by hand</t></is></c></row></sheetData></worksheet>"
            ),
        ),
        (
            "xl/worksheets/sheet2.xml",
            format!("<worksheet xmlns=\"{main}\"><sheetData>{numbered}</sheetData><mergeCells>{regions}</mergeCells></worksheet>"),
        ),
    ];
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// The 40 people under a merged title: days, shared and inline strings, a formula with its value, truth values, numbers as text, a column of
/// nothing and, if `broken`, an error in place of the eighth score.
fn spreadsheet(broken: bool) -> Vec<u8> {
    let shared = ["Candidates of spring", "day", "gender", "score", "hired", "code", "years", "Female", "Male"];
    let header =
        ["A", "B", "C", "D", "F", "G"].iter().zip(1..).map(|(column, text)| format!("<c r=\"{column}3\" t=\"s\"><v>{text}</v></c>"));
    let mut rows = vec!["<c r=\"A1\" t=\"s\"><v>0</v></c>".to_owned(), String::new(), header.collect()];
    for person in people() {
        let row = person.number + 4;
        let gender = if person.number < 10 {
            format!("<c r=\"B{row}\" t=\"inlineStr\"><is><t>{}</t></is></c>", person.of("Female", "Male"))
        } else {
            format!("<c r=\"B{row}\" t=\"s\"><v>{}</v></c>", if person.woman { 7 } else { 8 })
        };
        let score = match person.number {
            7 if broken => format!("<c r=\"C{row}\" t=\"e\"><f>1/0</f><v>#DIV/0!</v></c>"),
            _ => format!("<c r=\"C{row}\" s=\"2\"><f>H{row}/100</f><v>{}</v></c>", person.score()),
        };
        rows.push(format!(
            "<c r=\"A{row}\" s=\"1\"><v>{}</v></c>{gender}{score}<c r=\"D{row}\" t=\"b\"><v>{}</v></c><c r=\"E{row}\" s=\"2\"/>\
             <c r=\"F{row}\" t=\"inlineStr\"><is><t>{:03}</t></is></c><c r=\"G{row}\" t=\"inlineStr\"><is><t>{}</t></is></c>",
            46_000 + person.number,
            u8::from(person.hired),
            person.number % 3,
            person.number % 9,
        ));
    }
    workbook(&rows, &shared, &["A1:G1"])
}

#[test]
fn a_workbook_needs_no_hand() {
    check(&Export {
        file: "candidates.xlsx",
        bytes: spreadsheet(false),
        group: "gender",
        score: "score",
        label: "hired",
        women: "Female",
        men: "Male",
        hired: ["true", "false"],
        ids: &["day", "column 5"],
        made: &["day", "gender", "score", "hired", "code", "years"],
        separator: b',',
        unknown: 0,
    });
    let place = Place::new(&[("candidates.xlsx", &spreadsheet(false)), ("broken.xlsx", &spreadsheet(true))]);
    let found = audit(&place, "candidates.xlsx --score score --group code");
    // The codes are texts of three digits; 40 numbers leave 14, 13 and 13 for the remainders of 3.
    let groups: Vec<(String, u64)> = selected(&found).into_iter().map(|(name, rows, _)| (name, rows)).collect();
    assert_eq!(groups, [("000".to_owned(), 14), ("001".to_owned(), 13), ("002".to_owned(), 13)]);
    assert!(notes(&found).contains("`Candidates` was read") && notes(&found).contains("`Candidates of spring`"), "{}", notes(&found));
    let refused = refusal(&place, "audit broken.xlsx --score score --group gender");
    assert!(refused.contains("column `score`, data row 8: `#DIV/0!`"), "{refused}");
    let without = audit(&place, "broken.xlsx --score score --group gender --missing #DIV/0! --skip-unscored");
    // Number 7 is a man who scores .27.
    assert_groups(&selected(&without), &[("Female", 20, 0.4), ("Male", 19, 11.0 / 19.0)]);
    let refused = refusal(&place, "audit candidates.xlsx --score score --group gender --worksheet Cover");
    assert!(refused.contains("has no column"), "{refused}");
    let refused = refusal(&place, "audit candidates.xlsx --score score --group gender --worksheet Other");
    assert!(refused.contains("`Cover`, `Candidates`"), "{refused}");
}

#[test]
fn a_cell_merged_with_those_below_holds_for_all_of_their_rows() {
    // Twenty women under one cell and twenty men under another.
    let mut rows = vec!["<c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>".to_owned()];
    let (women, men): (Vec<Person>, Vec<Person>) = people().into_iter().partition(|person| person.woman);
    for (row, person) in (2..).zip(women.into_iter().chain(men)) {
        let group = match row {
            2 => "<c r=\"A2\" t=\"s\"><v>2</v></c>",
            22 => "<c r=\"A22\" t=\"s\"><v>3</v></c>",
            _ => "",
        };
        rows.push(format!("{group}<c r=\"B{row}\"><v>{}</v></c>", person.score()));
    }
    let bytes = workbook(&rows, &["gender", "score", "f", "m"], &["A2:A21", "A22:A41"]);
    let place = Place::new(&[("merged.xlsx", &bytes)]);
    let found = audit(&place, "merged.xlsx --score score --group gender");
    assert_groups(&selected(&found), &[("f", 20, 0.4), ("m", 20, 0.55)]);
    assert!(notes(&found).contains("38 cells were merged"), "{}", notes(&found));
}

#[test]
fn standard_input_is_a_file_to_every_command() {
    let mut text = "gender,score,hired\n".to_owned();
    for person in people() {
        writeln!(text, "{},{},{}", person.of("f", "m"), person.score(), u8::from(person.hired)).unwrap();
    }
    let recipe = "name = \"in\"\nseeds = [1]\n[data]\nloader = \"table\"\nfiles = [\"t.csv\"]\nlabel = { column = \"hired\" }\n\
                  sensitive = [{ column = \"gender\" }]\n[model]\nhidden = [2]\n[training]\nepochs = 1\n[intervals]\nlevel = 0.0\n\
                  [[method]]\nobjective = \"vanilla\"\n";
    let place = Place::new(&[("t.csv", text.as_bytes()), ("in.toml", recipe.as_bytes())]);
    report(&place, "run in.toml --out runs");
    for words in [
        "audit FILE --score score --group gender --label hired --level 0 --json",
        "audit FILE --score score --group gender --label hired --level 0 --json --stream",
        "skew FILE --label hired --group gender --json",
        "skew FILE --label hired --group gender --keep 3 --out out.csv --json",
        "rank FILE --score score --group gender --top 5 --out out.csv --json",
        "balance FILE --group gender --label hired --method oversampling --out out.csv --json",
        "balance FILE --group gender --label hired --rows 20 --keep-copies --out out.csv --json",
        "score runs/models/vanilla__seed_1 FILE --out out.csv --json",
    ] {
        let kept = || std::fs::read(place.path().join("out.csv")).ok();
        let named = place.run(&words.replace("FILE", "t.csv"));
        let from_file = kept();
        let piped = place.run_with(&words.replace("FILE", "-"), text.as_bytes());
        assert_eq!(piped.status.code(), Some(0), "{words}: {}", stderr(&piped));
        assert_eq!(named.status.code(), Some(0), "{words}: {}", stderr(&named));
        assert_eq!(from_file, kept(), "{words}");
        let report = |output: &std::process::Output| -> serde_json::Value { serde_json::from_slice(&output.stdout).unwrap() };
        assert_eq!(report(&named)["methods"], report(&piped)["methods"], "{words}");
        assert_eq!(report(&named)["before"], report(&piped)["before"], "{words}");
    }
    let nothing = place.run_with("audit - --score score --group gender", b"");
    assert_eq!(nothing.status.code(), Some(2));
    assert!(stderr(&nothing).contains("standard input") && stderr(&nothing).contains("empty"), "{}", stderr(&nothing));
}

#[test]
fn letters_of_western_europe_are_read_where_nothing_else_can_be_meant() {
    // Windows-1252: ü, ã, the euro sign after and before a number, the pound sign.
    let western: [(&[u8], &str); 5] =
        [(b"M\xFCller", "Müller"), (b"S\xE3o", "São"), (b"5 \x80", "5 €"), (b"\x805", "€5"), (b"\xA350", "£50")];
    for (bytes, text) in western {
        let rows = |group: &[u8]| [b"group,score\n".as_slice(), group, b",0.8\n", group, b",0.2\nother,0.7\nother,0.9\n"].concat();
        let place = Place::new(&[("west.csv", &rows(bytes))]);
        let found = audit(&place, "west.csv --score score --group group");
        let mut wanted = [(text, 2, 0.5), ("other", 2, 1.0)];
        wanted.sort_by(|one, other| one.0.cmp(other.0));
        assert_groups(&selected(&found), &wanted);
        assert!(notes(&found).contains("read as Windows-1252"), "{}", notes(&found));
    }
    let others: [(&str, &[u8]); 8] = [
        ("Latin-2, a Polish man", b"m\xEA\xBFczyzna"),
        ("Windows-1251, a Russian woman", b"\xE6\xE5\xED\xF9\xE8\xED\xE0"),
        ("Windows-1254, a Turkish woman", b"Kad\xFDn"),
        ("Mac OS Roman", b"M\x9Fller"),
        ("code page 850", b"M\x81ller"),
        ("Shift JIS", b"\x92\x6A\x90\xAB"),
        ("a euro sign beside no number", b"\x80"),
        ("noise", b"\xFE\x01\xC3\x28\xFF"),
    ];
    for (what, bytes) in others {
        let place = Place::new(&[("other.csv", &[b"group,score\n".as_slice(), bytes, b",0.8\nx,0.2\ny,0.7\n"].concat())]);
        for command in ["audit other.csv --score score --group group", "rank other.csv --score score --group group"] {
            let refused = refusal(&place, command);
            assert!(refused.contains("`other.csv`, data row 1") && refused.contains("UTF-8"), "{what}: {refused}");
        }
    }
    // What is said is taken.
    let place = Place::new(&[("said.csv", &table("group,score", &[("x,0.8", 2), ("y,0.2", 2)]))]);
    succeeds(&place, "audit said.csv --score score --group group --encoding latin-1 --level 0");
}
