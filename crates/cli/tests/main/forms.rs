//! One table in the forms that programs write it in: every command that reads tables finds the same figures in each.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;

use crate::command::{Place, stderr, stdout};

/// Rows of the table: id, gender, score in hundredths, hired.
fn rows() -> Vec<(usize, &'static str, u32, bool)> {
    let mut state = 7_u32;
    let mut draw = move |below: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % below
    };
    (0..90)
        .map(|row| {
            let gender = if draw(2) == 0 { "Männer" } else { "Frauen" };
            let score = 5 + draw(90);
            (row, gender, score, draw(100) < score)
        })
        .collect()
}

/// How a text form writes its fields.
struct Look {
    separator: &'static str,
    line_end: &'static str,
    score: fn(u32) -> String,
    gender: fn(usize, &str) -> String,
    hired: fn(usize, bool) -> String,
    quoted: bool,
}

const PLAIN: Look = Look {
    separator: ",",
    line_end: "\n",
    score: |score| format!("0.{score:02}"),
    gender: |_, gender| gender.to_owned(),
    hired: |_, hired| (if hired { "yes" } else { "no" }).to_owned(),
    quoted: false,
};

const HEADER: [&str; 4] = ["id", "gender", "score", "hired"];

fn lines(look: &Look) -> Vec<String> {
    let join = |fields: Vec<String>| {
        let quote = |field: String| if look.quoted || field.contains(look.separator) { format!("\"{field}\"") } else { field };
        fields.into_iter().map(quote).collect::<Vec<_>>().join(look.separator)
    };
    let mut lines = vec![join(HEADER.map(str::to_owned).to_vec())];
    lines.extend(rows().into_iter().map(|(row, gender, score, hired)| {
        join(vec![format!("c{row}"), (look.gender)(row, gender), (look.score)(score), (look.hired)(row, hired)])
    }));
    lines
}

fn text(look: &Look) -> String {
    lines(look).into_iter().map(|line| line + look.line_end).collect()
}

fn comma(score: u32) -> String {
    format!("0,{score:02}")
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    let mut bytes = if big { vec![0xFE, 0xFF] } else { vec![0xFF, 0xFE] };
    text.encode_utf16().for_each(|unit| bytes.extend(if big { unit.to_be_bytes() } else { unit.to_le_bytes() }));
    bytes
}

fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|letter| u8::try_from(u32::from(letter)).expect("a letter of Latin-1")).collect()
}

fn json_objects() -> Vec<String> {
    rows()
        .into_iter()
        .map(|(row, gender, score, hired)| {
            format!(
                "{{\"id\": \"c{row}\", \"gender\": \"{gender}\", \"score\": 0.{score:02}, \"hired\": \"{}\"}}",
                if hired { "yes" } else { "no" }
            )
        })
        .collect()
}

fn zip(name: &str, content: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(content).unwrap();
    archive.finish().unwrap().into_inner()
}

/// gzip without compression: one stored block.
fn gzip(content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 1];
    let length = u16::try_from(content.len()).expect("a block of at most 65,535 bytes");
    bytes.extend(length.to_le_bytes());
    bytes.extend((!length).to_le_bytes());
    bytes.extend(content);
    let crc = !content.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    });
    bytes.extend(crc.to_le_bytes());
    bytes.extend(u32::from(length).to_le_bytes());
    bytes
}

/// Name of the form, name of its file, its bytes, further options of the commands.
type Form = (&'static str, &'static str, Vec<u8>, &'static str);

fn forms() -> Vec<Form> {
    let sum: u32 = rows().into_iter().map(|(_, _, score, _)| score).sum();
    let with = |change: fn(&mut Look)| {
        let mut look = PLAIN;
        change(&mut look);
        text(&look)
    };
    let semicolon = with(|look| (look.separator, look.score) = (";", comma));
    let plain = text(&PLAIN);
    let mut blank_rows = lines(&PLAIN);
    blank_rows.insert(20, ",,,".to_owned());
    blank_rows.extend([",,,", ",,,"].map(str::to_owned));
    vec![
        ("as it is", "t.csv", plain.clone().into_bytes(), ""),
        ("line ends of Windows", "t.csv", with(|look| look.line_end = "\r\n").into_bytes(), ""),
        ("byte order mark", "t.csv", format!("\u{feff}{plain}").into_bytes(), ""),
        ("no last line end", "t.csv", plain.trim_end().as_bytes().to_vec(), ""),
        ("empty lines", "t.csv", plain.replace("\nc7,", "\n\n\nc7,").into_bytes(), ""),
        ("semicolons, decimal commas", "t.csv", semicolon.clone().into_bytes(), ""),
        ("semicolons, decimal points", "t.csv", with(|look| look.separator = ";").into_bytes(), ""),
        ("a declared separator", "t.csv", format!("sep=;\r\n{semicolon}").into_bytes(), ""),
        ("tabs", "t.tsv", with(|look| look.separator = "\t").into_bytes(), ""),
        ("bars", "t.txt", with(|look| look.separator = "|").into_bytes(), ""),
        ("a separator that is given", "t.csv", with(|look| look.separator = "|").into_bytes(), "--separator |"),
        ("decimal commas in quotes", "t.csv", with(|look| look.score = comma).into_bytes(), ""),
        ("every field in quotes", "t.csv", with(|look| look.quoted = true).into_bytes(), ""),
        ("percent", "t.csv", with(|look| look.score = |score| format!("{score}%")).into_bytes(), ""),
        ("percent with blanks", "t.csv", with(|look| look.score = |score| format!("{score},0 %")).into_bytes(), ""),
        ("UTF-16, little end first", "t.csv", utf16(&with(|look| look.separator = "\t"), false), ""),
        ("UTF-16, big end first", "t.csv", utf16(&plain, true), ""),
        ("Windows-1252", "t.csv", windows_1252(&semicolon), ""),
        ("lines above the header", "t.csv", format!("Export of candidates,,,\nMade on 2026-11-01,,,\n,,,\n{plain}").into_bytes(), ""),
        ("lines above that are counted", "t.csv", format!("Export\nof candidates\n{plain}").into_bytes(), "--skip-lines 2"),
        ("a total below", "t.csv", format!("{plain}Total,,{}.{:02},\n", sum / 100, sum % 100).into_bytes(), ""),
        ("empty rows of a spreadsheet", "t.csv", blank_rows.join("\n").into_bytes(), ""),
        (
            "groups in several spellings",
            "t.csv",
            with(|look| {
                look.gender = |row, gender| match row % 3 {
                    0 => gender.to_owned(),
                    1 => gender.to_uppercase(),
                    _ => format!(" {gender} "),
                };
            })
            .into_bytes(),
            "",
        ),
        (
            "decisions in several spellings",
            "t.csv",
            with(|look| {
                look.hired = |row, hired| {
                    format!("{}{}", if hired { ["yes", "Yes", "YES"] } else { ["no", "No", "NO"] }[row % 3], ["", " "][row % 2])
                }
            })
            .into_bytes(),
            "",
        ),
        ("gzip", "t.csv.gz", gzip(plain.as_bytes()), ""),
        ("zip", "t.zip", zip("t.csv", plain.as_bytes()), ""),
        ("JSON lines", "t.jsonl", json_objects().join("\n").into_bytes(), ""),
        ("one JSON list", "t.json", format!("[{}]", json_objects().join(",\n")).into_bytes(), ""),
    ]
}

/// Numbers of a report that do not depend on how the file looks.
fn figures(report: &str) -> Vec<(String, String)> {
    let report: Value = serde_json::from_str(report).unwrap_or_else(|error| panic!("{error}: {report}"));
    let mut found = Vec::new();
    let run = &report["methods"][0]["runs"][0];
    for finding in
        run["performance"].as_array().into_iter().flatten().chain(run["attributes"][0]["findings"].as_array().into_iter().flatten())
    {
        found.push((finding["metric"].as_str().unwrap_or_default().to_owned(), finding["estimate"].to_string()));
    }
    found
}

/// What each command finds in a file.
fn found(file: &str, bytes: &[u8], options: &str) -> Vec<(&'static str, String)> {
    let recipe = format!(
        r#"
name = "forms"
seeds = [1]
[data]
loader = "table"
files = ["{file}"]
exclude = ["id"]
{reading}
[data.label]
column = "hired"
favourable = "yes"
[[data.sensitive]]
column = "gender"
[model]
hidden = [4]
[training]
epochs = 2
[intervals]
level = 0.0
[[method]]
objective = "vanilla"
"#,
        reading = match options {
            "--separator |" => "separator = \"|\"",
            "--skip-lines 2" => "skip_lines = 2",
            _ => "",
        }
    );
    let place = Place::new(&[(file, bytes), ("forms.toml", recipe.as_bytes())]);
    let run = |words: String| {
        let output = place.run(&words);
        assert!(matches!(output.status.code(), Some(0)), "{words}: {}", stderr(&output));
        stdout(&output)
    };
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    let mut found = Vec::new();
    let audit = format!("audit {file} --score score --group gender --label hired --favourable yes --json {options}");
    found.push(("audit", format!("{:?}", figures(&run(audit.clone())))));
    let streamed = figures(&run(format!("{audit} --stream --level 0")));
    let counted = ["demographic-parity-difference", "equalized-odds-difference", "accuracy"];
    found.push((
        "audit --stream",
        format!("{:?}", streamed.into_iter().filter(|(metric, _)| counted.contains(&metric.as_str())).collect::<Vec<_>>()),
    ));
    let skew: Value =
        serde_json::from_str(&run(format!("skew {file} --label hired --favourable yes --group gender --json {options}"))).unwrap();
    found.push(("skew", format!("{} {}", skew["before"]["alpha"], skew["before"]["cells"])));
    run(format!("skew {file} --label hired --favourable yes --group gender --keep 5 --out subset.csv {options}"));
    found.push(("rows of the subset", read("subset.csv").lines().filter(|line| line.contains('c')).count().to_string()));
    run(format!(
        "rank {file} --score score --group gender --label hired --favourable yes --top 10 --report report --out ranked.csv {options}"
    ));
    let shortlists = serde_json::from_str::<Value>(&read("report/report.json")).unwrap()["methods"][0]["runs"][0]["shortlists"].clone();
    // A group is shown in the spelling that comes first.
    found.push(("rank", shortlists["after"].to_string().to_lowercase()));
    run(format!(
        "balance {file} --group gender --label hired --favourable yes --method oversampling --report balanced --out balanced.csv {options}"
    ));
    let tilt = serde_json::from_str::<Value>(&read("balanced/report.json")).unwrap()["data"]["tilt"].clone();
    let cells: Vec<String> = tilt.as_array().into_iter().flatten().map(|tilt| tilt["cells"].to_string()).collect();
    found.push(("balance", cells.join(" ")));
    let report = run("run forms.toml --out runs --json".to_owned());
    found.push(("run", format!("{:?}", figures(&report))));
    if options.is_empty() {
        let model = std::fs::read_dir(place.path().join("runs/models")).unwrap().next().unwrap().unwrap().path();
        run(format!("score {} {file} --out scored.csv", model.display()));
        let scores: Vec<String> = read("scored.csv")
            .lines()
            .skip(1)
            .map(|line| line.rsplit([',', ';', '\t', '|']).next().unwrap_or_default().to_owned())
            .collect();
        found.push(("score", scores.join(" ")));
    }
    found
}

#[test]
fn every_command_finds_the_same_figures_in_every_form_of_a_table() {
    let mut forms = forms().into_iter();
    let (_, file, bytes, options) = forms.next().unwrap();
    let wanted = found(file, &bytes, options);
    assert!(wanted.iter().all(|(_, figures)| figures.len() > 1), "{wanted:?}");
    let mut wrong = String::new();
    let mut count = 1;
    for (name, file, bytes, options) in forms {
        count += 1;
        for ((command, wanted), (_, figures)) in wanted.iter().zip(found(file, &bytes, options)) {
            if *wanted != figures {
                writeln!(wrong, "{name}, {command}:\n  {wanted}\n  {figures}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 20, "{count} forms");
}

/// Files that no command reads, and the words of the reason.
#[test]
fn every_command_refuses_the_same_files_for_the_same_reason() {
    let binary: Vec<u8> = (0..200_u8).chain(0..50).collect();
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("old.xls", [&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1][..], &[0; 100]].concat()),
        ("t.bz2", b"BZh91AY&SY............".to_vec()),
        ("page.html", b"<!DOCTYPE html><html><body>no table</body></html>".to_vec()),
        ("t.dta", [b"<stata_dta><header>".as_slice(), &[0; 40]].concat()),
        ("picture.png", [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 40]].concat()),
        ("noise.csv", binary),
        ("ragged.csv", b"id,gender,score,hired\na,f,0.5,yes\nb,m,0.5\n".to_vec()),
        ("empty.csv", Vec::new()),
    ];
    for (file, bytes) in files {
        let recipe = format!(
            "name = \"refused\"\n[data]\nloader = \"table\"\nfiles = [\"{file}\"]\n[data.label]\ncolumn = \"hired\"\nfavourable = \"yes\"\n[[data.sensitive]]\ncolumn = \
             \"gender\"\n[[method]]\nobjective = \"vanilla\"\n"
        );
        let place = Place::new(&[(file, &bytes), ("r.toml", recipe.as_bytes())]);
        let mut reasons: Vec<String> = Vec::new();
        for words in [
            format!("audit {file} --score score --group gender"),
            format!("audit {file} --score score --group gender --stream"),
            format!("skew {file} --label hired --favourable yes --group gender"),
            format!("rank {file} --score score --group gender"),
            format!("balance {file} --group gender --label hired --method oversampling"),
            "run r.toml".to_owned(),
        ] {
            let output = place.run(&words);
            assert_eq!(output.status.code(), Some(2), "{words}: {}", stderr(&output));
            // A recipe has keys where a command has flags.
            let reason = stderr(&output).replace("(--separator)", "(`separator`)").replace("(--skip-lines)", "(`skip lines`)");
            reasons.push(reason.trim().to_owned());
        }
        assert!(reasons.iter().all(|reason| *reason == reasons[0]), "{file}: {reasons:#?}");
        assert!(reasons[0].contains(file), "{reasons:?}");
    }
}
