//! What a folder of an audit by a rule says to the public: counts that add up, no notes to its author, no file that is not there.

use std::fmt::Write as _;
use std::fs;

use crate::command::{Place, stderr, stdout};

const DETAILS: &str = "auditor = \"A. Auditor\"\nindependence = \"None.\"\nclient = \"Corner Shops\"\ntool = \"Tool 1.0\"\ndata_source = \"All applications\"\n\
    data_period = \"2025-12-01 to 2026-11-30\"\naudit_date = 2026-11-16\ndistribution_date = 2026-12-01\n";

const LAWS: [(&str, &str); 3] = [
    ("nyc-ll144", "--score score --range 0,100 --skip-unscored --sex sex --race race"),
    ("ugesp", "--selected decision --sex sex --race race --by job"),
    ("illinois-aivia", "--selected decision --race race"),
];

const RACES: [&str; 4] = ["White", "Asian", "Hispanic or Latino", ""];

/// 600 people: every eleventh without a score or decision, some of unknown sex or race, few of one race.
fn people() -> String {
    let mut rows = String::from("score,decision,sex,race,job\n");
    for person in 0..600_usize {
        let score = (person * 7919) % 101;
        let race = if person % 150 == 0 { "Native American or Alaska Native" } else { RACES[person / 3 % 4] };
        let sex = ["Male", "Female", "Male", "Female", ""][person % 5];
        let told = if person % 11 == 0 { ",".to_owned() } else { format!("{score},{}", if score > 40 { "yes" } else { "no" }) };
        let _ = writeln!(rows, "{told},{sex},{race},{}", ["till", "stock", "desk"][person % 3]);
    }
    rows
}

fn published(place: &Place, law: &str, words: &str) -> String {
    let output = place.run(&format!("audit secret-file.csv --law {law} {words} --details audit.toml --out {law}"));
    assert_eq!(output.status.code(), Some(0), "{law}: {}", stderr(&output));
    fs::read_to_string(place.path().join(law).join("summary.html")).unwrap()
}

/// What a reader sees of a page.
fn text(page: &str) -> String {
    let body = page.split("</style>").nth(1).unwrap();
    let mut text = String::new();
    let mut inside = false;
    for sign in body.chars() {
        match sign {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            sign if !inside => text.push(sign),
            _ => {}
        }
    }
    text
}

/// Numbers that stand before and after the sign of a sum.
fn sum(line: &str) -> (usize, Vec<usize>) {
    let first = |text: &str| text.trim().split(' ').next().unwrap().replace(',', "").parse().unwrap();
    let (all, parts) = line.split_once(" people = ").unwrap();
    (first(all.rsplit(": ").next().unwrap()), parts.split(" + ").map(first).collect())
}

#[test]
fn published_pages_can_be_published_as_they_are() {
    let rows = people();
    let place = Place::new(&[("secret-file.csv", rows.as_bytes()), ("audit.toml", DETAILS.as_bytes())]);
    for (law, words) in LAWS {
        let page = published(&place, law, words);
        let seen = text(&page);
        for word in [
            "check the text",
            "secondary descriptions",
            "expert report",
            "secret-file",
            "Audit of",
            "Asked",
            "skip_unscored",
            "classifications",
            "null",
            "not given",
            "{",
            "= \"",
            "sex x race",
            "note:",
        ] {
            assert!(!seen.contains(word), "{law}: {word}: {seen}");
        }
        assert_eq!(seen.matches("report format").count(), 1, "{law}");
        assert!(seen.contains("Tool 1.0, Corner Shops: "), "{law}: {seen}");
        // Whatever looks like a file of the folder is one.
        let endings = [".html", ".json", ".csv", ".md", ".toml"];
        let named: Vec<&str> = seen
            .split(|sign: char| sign.is_whitespace() || matches!(sign, ',' | ';' | '(' | ')'))
            .map(|word| word.trim_end_matches(['.', ':']))
            .filter(|word| endings.iter().any(|ending| word.ends_with(ending)))
            .collect();
        assert!(named.contains(&"tables.csv") && named.contains(&"report.json"), "{law}: {named:?}");
        for name in named {
            assert!(place.path().join(law).join(name).is_file(), "{law}: {name}");
        }
        let papers = fs::read_to_string(place.path().join(law).join("workpapers.html")).unwrap();
        for word in ["check the text", "secret-file.csv", "working papers"] {
            assert!(papers.contains(word), "{law}: {word}");
        }
        assert!(!papers.contains("expert report") && !papers.contains("measures.csv"), "{law}");
    }
}

#[test]
fn published_counts_of_people_add_up() {
    let rows = people();
    let few = format!("{DETAILS}[exclude]\nbelow = 0.02\nreason = \"Few people.\"\n");
    let place = Place::new(&[("secret-file.csv", rows.as_bytes()), ("audit.toml", few.as_bytes())]);
    for (law, words) in &LAWS[..2] {
        let page = published(&place, law, words);
        let report: serde_json::Value = serde_json::from_slice(&fs::read(place.path().join(law).join("report.json")).unwrap()).unwrap();
        let said: Vec<&str> = report["law"]["statements"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let of = if *law == "ugesp" { "decision" } else { "score" };
        // Of 600 the numbers 0, 11, ... 594 have none.
        let all = format!(
            "Number of people in the data: 600, of whom 545 have a {of} and are counted, and 55 have none and are counted nowhere."
        );
        assert!(said.contains(&all.as_str()), "{law}: {said:?}");
        let sums: Vec<&&str> = said.iter().filter(|line| line.contains(" people = ")).collect();
        assert_eq!(sums.len(), if *law == "ugesp" { 2 } else { 3 }, "{said:?}");
        let tables = report["law"]["tables"].as_array().unwrap();
        for (line, table) in sums.iter().zip(tables) {
            assert!(page.contains(**line), "{law}: {line}");
            let (all, parts) = sum(line);
            assert_eq!((all, parts.iter().sum::<usize>(), parts.len()), (545, 545, 3), "{line}");
            let groups = table["selections"]["groups"].as_array().unwrap();
            let of = |left: bool| {
                groups.iter().filter(|group| group["left_out"].is_string() == left).map(|group| group["n"].as_u64().unwrap()).sum::<u64>()
            };
            let unknown = table["selections"]["unknown"].as_u64().unwrap();
            assert_eq!(parts, [of(false), of(true), unknown].map(|n| n as usize), "{line}");
            assert!(unknown > 0);
        }
        assert!(sums.iter().any(|line| sum(line).1[1] > 0), "a small category is left out: {sums:?}");
    }
    // The note on reading adds up as well, those of unknown group among them.
    let output = place.run(&format!("audit secret-file.csv --law nyc-ll144 {} --details audit.toml", LAWS[0].1));
    let told = stderr(&output);
    let note = told.lines().find(|line| line.contains("55 of 600 rows have no score")).unwrap().to_owned();
    for part in note.split_once(" (").unwrap().1.split("; ") {
        let without: usize = part.split(", ").map(|group| group.rsplit(' ').nth(2).unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(without, 55, "{part}");
    }
}

#[test]
fn published_small_categories_are_left_out_within_jobs_as_of_all_rows() {
    let mut rows = String::from("race,job,yes\n");
    for (race, job, yes, no) in [("a", "x", 40, 60), ("b", "x", 50, 50), ("c", "x", 3, 0), ("a", "y", 30, 70), ("b", "y", 20, 80)] {
        rows += &format!("{race},{job},1\n").repeat(yes);
        rows += &format!("{race},{job},0\n").repeat(no);
    }
    let details = format!("{DETAILS}[exclude]\nbelow = 0.02\nreason = \"Few people\"\n");
    let place = Place::new(&[("rows.csv", rows.as_bytes()), ("audit.toml", details.as_bytes())]);
    let output = place.run("audit rows.csv --law ugesp --selected yes --race race --by job --details audit.toml --json");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let tables = report["law"]["tables"].as_array().unwrap();
    let group = |title: &str, name: &str| {
        let table = tables.iter().find(|table| table["title"] == title).unwrap_or_else(|| panic!("{title}"));
        table["selections"]["groups"].as_array().unwrap().iter().find(|group| group["group"] == name).unwrap().clone()
    };
    // 3 of 403 are under 2 %; of the 203 of job x they would be 1.5 %, and their rate the highest.
    let left = group("Race/ethnicity within job x", "c");
    assert_eq!(left["left_out"], "of all rows 0.7 % of the people, below 2.0 %: Few people");
    assert_eq!((&left["n"], &left["selected"], &left["rate"]["value"]), (&3.into(), &3.into(), &1.0.into()));
    assert!(left["exact_ratio"].is_null() && left["tests"].is_null());
    assert_eq!(group("Race/ethnicity within job x", "a")["exact_ratio"], serde_json::json!([4, 5]));
    assert_eq!(group("Race/ethnicity within job y", "b")["exact_ratio"], serde_json::json!([2, 3]));
}

#[test]
fn published_details_are_refused_while_anything_is_to_be_filled_in() {
    for (law, words) in LAWS {
        let rows = people();
        let place = Place::new(&[("rows.csv", rows.as_bytes())]);
        let example = place.run(&format!("audit --law {law} --example-details"));
        assert_eq!(example.status.code(), Some(0));
        let example = stdout(&example);
        fs::write(place.path().join("own details.toml"), &example).unwrap();
        let before = place.files();
        let command = format!("audit rows.csv --law {law} {words} --details 'own details.toml' --out out");
        let output = place.run(&command);
        let told = stderr(&output);
        assert!(output.status.code() == Some(2) && told.contains("own details.toml"), "{told}");
        let fields: Vec<&str> = example.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split(" = ").next()).collect();
        for field in fields.iter().filter(|field| !field.is_empty()) {
            assert!(told.contains(&format!("`{field}` is still to be filled in")), "{law}, {field}: {told}");
        }
        assert_eq!(place.files(), before, "nothing is written");
        let filled: Vec<String> = example
            .lines()
            .map(|line| line.replace("[to be filled in]", if line.contains("_date") { "2026-11-16" } else { "told" }))
            .collect();
        fs::write(place.path().join("own details.toml"), filled.join("\n")).unwrap();
        assert_eq!(place.run(&command).status.code(), Some(0));
    }
    let place = Place::new(&[("rows.csv", b"race,yes\nWhite,1\nAsian,0\n")]);
    let dates = DETAILS.replace("2026-11-16", "\"16.11.2026\"").replace("= 2026-12-01", "= \"2026-13-01\"");
    fs::write(place.path().join("dates.toml"), dates).unwrap();
    let output = place.run("audit rows.csv --law nyc-ll144 --selected yes --race race --details dates.toml");
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(2));
    for part in ["dates.toml", "`audit_date` = `16.11.2026` is no day", "`distribution_date` = `2026-13-01` is no day"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn published_without_a_column_that_the_rule_asks_for_says_so_on_standard_error() {
    let rows = people();
    let place = Place::new(&[("rows.csv", rows.as_bytes()), ("audit.toml", DETAILS.as_bytes())]);
    for (words, missing) in [("--sex sex", "race/ethnicity"), ("--race race", "sex")] {
        let output =
            place.run(&format!("audit rows.csv --law nyc-ll144 --score score --range 0,100 --skip-unscored {words} --details audit.toml"));
        assert!(
            stderr(&output).contains(&format!("No column of {missing} was named: the rule asks for tables by {missing}")),
            "{}",
            stderr(&output)
        );
        assert!(stdout(&output).contains(&format!("The data holds no {missing}")), "{}", stdout(&output));
        let output = place.run(&format!("audit rows.csv --law ugesp --selected decision {words} --details audit.toml"));
        assert!(stderr(&output).contains(&format!("No column of {missing} was named")), "{}", stderr(&output));
    }
}

#[test]
fn published_ratios_next_to_four_fifths_and_rates_above_the_median_read_alike_in_every_form() {
    // 1,000 of 1,389 against 9 of 10: 10,000/12,501, which is 0.79994.
    let mut rows = String::from("sex,race,score\n");
    for (sex, above, all) in [("Male", 9, 10), ("Female", 1000, 1389), ("", 0, 619)] {
        for person in 0..all {
            let _ = writeln!(rows, "{sex},White,{}", if person < above { 900 + person % 50 } else { person % 50 });
        }
    }
    let place = Place::new(&[("secret-file.csv", rows.as_bytes()), ("audit.toml", DETAILS.as_bytes())]);
    let words = "--score score --range 0,1000 --sex sex --race race";
    let page = published(&place, "nyc-ll144", words);
    assert!(page.contains("Number above the median score") && page.contains("of them above the median."), "{page}");
    let terminal = stdout(&place.run(&format!("audit secret-file.csv --law nyc-ll144 {words} --details audit.toml")));
    let form = |format: &str| {
        let output = place.run(&format!("report nyc-ll144 --format {format} --out -"));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    for (form, text) in
        [("page", page), ("terminal", terminal), ("latex", form("latex")), ("markdown", form("markdown")), ("annex", form("annex-iv"))]
    {
        assert!(text.contains("0.7999") && !text.contains(" 0.800 ") && !text.contains(">0.80<"), "{form}: {text}");
        assert!(text.contains("above the median") && !text.contains("of them selected"), "{form}: {text}");
    }
}

#[test]
fn published_documents_tell_of_a_real_model() {
    const RECIPE: &[u8] =
        b"name = \"small\"\n[data]\nloader = { id = \"synthetic\", rows = 200 }\nattributes = [\"gender\"]\n[model]\nhidden = [4]\n\
        [training]\nloss = \"mse\"\nepochs = 1\n[intervals]\nreplicates = 10\n[[method]]\nobjective = \"vanilla\"\n";
    let rows = people();
    let place = Place::new(&[("secret-file.csv", rows.as_bytes()), ("audit.toml", DETAILS.as_bytes()), ("small.toml", RECIPE)]);
    published(&place, LAWS[0].0, LAWS[0].1);
    let output = place.run("run small.toml --out out");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&fs::read(place.path().join("out/report.json")).unwrap()).unwrap();
    let digest = report["methods"][0]["runs"][0]["model"].as_str().unwrap().to_owned();
    for format in ["annex-iv", "colorado-sb26-189"] {
        let output = place.run(&format!("report nyc-ll144 --format {format} --model out/models/vanilla__seed_0"));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = fs::read_to_string(place.path().join(format!("nyc-ll144/{format}.md"))).unwrap();
        for told in [digest.as_str(), "Training data: loader synthetic", "vanilla", "Inputs: "] {
            assert!(text.contains(told), "{format}: {told}: {text}");
        }
        assert!(!text.contains("[to be filled by the owner: a digest"), "{format}");
    }
}
