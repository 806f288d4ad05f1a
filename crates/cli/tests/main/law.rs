//! Audits by a rule of law, from a file of rows to what is published.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::command::{Place, stderr, stdout};

/// The worked examples of 6 RCNY 5-300 to 5-304: exact counts, and the values as printed.
const EXAMPLES: &str = include_str!("../../../../reference/ll144_examples.json");

const DETAILS: &str = r#"
auditor = "A. Auditor"
independence = "No interest in the tool, its maker or its user."
tool = "Tool 1.0"
data_source = "All applications"
audit_date = 2026-11-16
distribution_date = "2026-12-01"
"#;

fn examples() -> Value {
    serde_json::from_str(EXAMPLES).unwrap()
}

fn read(place: &Place, file: &str) -> String {
    fs::read_to_string(place.path().join(file)).unwrap()
}

/// Runs an audit that ends well and gives the report.
fn audited(place: &Place, words: &str) -> Value {
    let output = place.run(&format!("audit {words} --details audit.toml --out out"));
    assert_eq!(output.status.code(), Some(0), "{words}: {}", stderr(&output));
    serde_json::from_str(&read(place, "out/report.json")).unwrap()
}

fn table<'a>(report: &'a Value, title: &str) -> &'a Value {
    report["law"]["tables"].as_array().unwrap().iter().find(|table| table["title"] == title).unwrap()
}

fn group<'a>(table: &'a Value, name: &str) -> &'a Value {
    table["selections"]["groups"].as_array().unwrap().iter().find(|group| group["group"] == name).unwrap()
}

/// A row a person, from the categories of a table: `column` says who was selected, or has a score above all who were not.
fn expanded(categories: &Value, all: &str, some: &str, scores: bool) -> String {
    let mut text = String::from("sex,race,outcome\n");
    let mut person = 0;
    for category in categories["categories"].as_array().unwrap() {
        let word = |key: &str| category.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (sex, race) = (word("sex"), word("race_ethnicity"));
        for place in 0..category[all].as_u64().unwrap() {
            person += 1;
            let high = place < category[some].as_u64().unwrap();
            let outcome = match (scores, high) {
                (true, true) => format!("{:.4}", 0.6 + f64::from(person) / 10_000.0),
                (true, false) => format!("{:.4}", f64::from(person) / 10_000.0),
                (false, high) => if high { "yes" } else { "no" }.to_owned(),
            };
            let _ = writeln!(text, "{sex},{race},{outcome}");
        }
    }
    text
}

fn name(category: &Value) -> String {
    let words = ["sex", "race_ethnicity"].iter().filter_map(|key| category.get(*key).and_then(Value::as_str));
    words.collect::<Vec<_>>().join(", ")
}

/// Compares a table of a report, and its rows in `tables.csv`, with an example: counts, exact fractions, printed decimals.
fn compare(report: &Value, csv: &str, title: &str, example: &Value, all: &str, some: &str) {
    let found = table(report, title);
    assert_eq!(found["selections"]["n"], example["total"]);
    let categories = example["categories"].as_array().unwrap();
    assert_eq!(found["selections"]["groups"].as_array().unwrap().len(), categories.len());
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let heads = reader.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let decimals = |key: &str| example[key].as_u64().unwrap() as usize;
    for category in categories {
        let name = name(category);
        let group = group(found, &name);
        assert_eq!((&group["n"], &group["selected"]), (&category[all], &category[some]), "{name}");
        assert_eq!(group["exact_ratio"], category["impact_ratio_exact"], "{name}");
        let close = |one: &Value, other: &Value, decimals: usize| {
            let (value, printed) = (one.as_f64().unwrap(), other.as_f64().unwrap());
            // One printed figure is truncated: 18/28.
            format!("{value:.decimals$}") == format!("{printed:.decimals$}")
                || (value - printed).abs() < 0.001 && category[some] == 18 && category[all] == 28
        };
        assert!(close(&group["rate"]["value"], &category["printed_rate"], decimals("printed_rate_decimals")), "{name}: {}", group["rate"]);
        let places = decimals("printed_impact_ratio_decimals");
        assert!(close(&group["impact_ratio"]["value"], &category["printed_impact_ratio"], places), "{name}: {}", group["impact_ratio"]);
        let of = |row: &csv::StringRecord, head: &str| row[heads.iter().position(|one| one == head).unwrap()].to_owned();
        let row = rows.iter().find(|row| of(row, "table") == title && of(row, "group") == name).unwrap();
        let exact = [of(row, "impact_ratio_numerator"), of(row, "impact_ratio_denominator")];
        let wanted = category["impact_ratio_exact"].as_array().unwrap();
        assert_eq!(exact.each_ref().map(String::as_str), [wanted[0].to_string().as_str(), wanted[1].to_string().as_str()], "{name}");
        assert_eq!((of(row, "n"), of(row, "selected")), (category[all].to_string(), category[some].to_string()));
    }
}

#[test]
fn law_the_six_tables_of_the_rule_come_out_of_rows() {
    let all = examples();
    let selection = &all["selection"];
    let rows = expanded(&selection["by_intersection"], "applicants", "selected", false);
    let races = expanded(&selection["by_race_ethnicity"], "applicants", "selected", false);
    let scores = expanded(&all["scoring"]["by_intersection"], "scored", "above_median", true);
    let files: [(&str, &[u8]); 4] = [
        ("rows.csv", rows.as_bytes()),
        ("races.csv", races.as_bytes()),
        ("scores.csv", scores.as_bytes()),
        ("audit.toml", DETAILS.as_bytes()),
    ];

    let place = Place::new(&files);
    let report = audited(&place, "rows.csv --law nyc-ll144 --selected outcome --sex sex --race race");
    let csv = read(&place, "out/tables.csv");
    compare(&report, &csv, "Sex", &selection["by_sex"], "applicants", "selected");
    compare(&report, &csv, "Sex and race/ethnicity", &selection["by_intersection"], "applicants", "selected");

    // The rule's own tables hold other people by race than by sex.
    let report = audited(&place, "races.csv --law nyc-ll144 --selected outcome --race race");
    compare(&report, &read(&place, "out/tables.csv"), "Race/ethnicity", &selection["by_race_ethnicity"], "applicants", "selected");

    let report = audited(&place, "scores.csv --law nyc-ll144 --score outcome --sex sex --race race");
    let csv = read(&place, "out/tables.csv");
    let scoring = &all["scoring"];
    compare(&report, &csv, "Sex", &scoring["by_sex"], "scored", "above_median");
    compare(&report, &csv, "Race/ethnicity", &scoring["by_race_ethnicity"], "scored", "above_median");
    compare(&report, &csv, "Sex and race/ethnicity", &scoring["by_intersection"], "scored", "above_median");
    let tied = report["law"]["remarks"].to_string();
    assert!(tied.contains("have the same highest rate; each has an impact ratio of 1"), "{tied}");
    assert_eq!(
        group(table(&report, "Sex and race/ethnicity"), "Male, Native Hawaiian or Pacific Islander")["exact_ratio"],
        serde_json::json!([1, 1])
    );
}

#[test]
fn law_files_stand_together_with_their_digests_and_judge_nobody() {
    let rows = expanded(&examples()["selection"]["by_intersection"], "applicants", "selected", false);
    let place = Place::new(&[("rows.csv", rows.as_bytes()), ("audit.toml", DETAILS.as_bytes())]);
    let words = "audit rows.csv --law nyc-ll144 --selected outcome --sex sex --race race --details audit.toml --out out";
    assert_eq!(place.run(words).status.code(), Some(0));
    let files = ["out/manifest.json", "out/report.json", "out/summary.html", "out/tables.csv", "out/workpapers.html"];
    assert_eq!(place.files(), [&["audit.toml"][..], &files, &["rows.csv"]].concat());
    let manifest: Value = serde_json::from_str(&read(&place, "out/manifest.json")).unwrap();
    let digest = |path: &str| evenhand_rows::digest::of_bytes(&fs::read(place.path().join(path)).unwrap());
    assert_eq!(manifest["inputs"][0]["sha256"], digest("rows.csv"));
    assert_eq!(manifest["details"]["sha256"], digest("audit.toml"));
    assert_eq!(manifest["files"].as_array().unwrap().len(), 4);
    for file in manifest["files"].as_array().unwrap() {
        assert_eq!(file["sha256"], digest(&format!("out/{}", file["name"].as_str().unwrap())));
    }
    for file in files {
        let text = read(&place, file).to_lowercase();
        for word in ["compliant", "passed", "certified"] {
            assert!(!text.contains(word), "{file}: {word}");
        }
    }
    let summary = read(&place, "out/summary.html");
    for told in ["A. Auditor", "Number of applicants", "Sex and race/ethnicity", "The rule sets no mark for impact ratios"] {
        assert!(summary.contains(told), "{told}");
    }
    let before: Vec<String> = files.iter().map(|file| digest(file)).collect();
    assert_eq!(place.run(words).status.code(), Some(0));
    assert_eq!(files.iter().map(|file| digest(file)).collect::<Vec<_>>(), before, "the same rows, the same files");
    // Of the pooled categories the lowest is 0.789.
    assert_eq!(place.run(&format!("{words} --limit impact-ratio=0.8")).status.code(), Some(1));
    assert_eq!(place.run(&format!("{words} --limit impact-ratio=0.78")).status.code(), Some(0));
    assert_eq!(place.run(&format!("{words} --limit impact-ratio@sex=0.8")).status.code(), Some(0));
}

/// So many people with a decision.
fn people(text: &mut String, fields: &str, selected: usize, others: usize) {
    for person in 0..selected + others {
        let _ = writeln!(text, "{fields},{}", if person < selected { "yes" } else { "no" });
    }
}

#[test]
fn law_unknown_people_are_counted_and_small_categories_stay_unless_told() {
    let mut rows = String::from("sex,race,outcome\n");
    people(&mut rows, "Male,White", 50, 50);
    people(&mut rows, "Female,White", 40, 60);
    // Two of 202 are less than 2 %, and both are selected.
    people(&mut rows, "Female,Asian", 2, 0);
    people(&mut rows, "prefer not to say,White", 3, 4);
    let with = |more: &str| format!("{DETAILS}{more}");
    let excluded = "[exclude]\nbelow = 0.02\nreason = \"Two people say nothing\"\n";
    let files = [
        ("rows.csv", rows.clone()),
        ("audit.toml", with("")),
        ("out.toml", with(excluded)),
        ("before.toml", format!("comparator = \"before-exclusion\"\n{}", with(excluded))),
    ];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    let place = Place::new(&files);
    let words = "rows.csv --law nyc-ll144 --selected outcome --sex sex --race race";
    let report = audited(&place, words);
    let sex = &table(&report, "Sex")["selections"];
    assert_eq!((&sex["n"], &sex["unknown"], &sex["unknown_selected"]), (&202.into(), &7.into(), &3.into()));
    let race = table(&report, "Race/ethnicity");
    assert_eq!(group(race, "Asian")["exact_ratio"], serde_json::json!([1, 1]));
    assert!(read(&place, "out/tables.csv").contains(",unknown,7,3,"), "{}", read(&place, "out/tables.csv"));

    let of = |file: &str| -> Value {
        let output = place.run(&format!("audit {words} --details {file} --out out"));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_str(&read(&place, "out/report.json")).unwrap()
    };
    let report = of("out.toml");
    let race = table(&report, "Race/ethnicity");
    let asian = group(race, "Asian");
    assert_eq!((&asian["n"], &asian["selected"], &asian["rate"]["value"]), (&2.into(), &2.into(), &1.0.into()));
    assert!(asian["left_out"].as_str().unwrap().contains("Two people say nothing"));
    // A category alone is compared with none.
    assert_eq!(group(race, "White")["exact_ratio"], Value::Null);
    assert!(
        report["law"]["remarks"].to_string().contains("among all categories it would be that of Asian"),
        "{}",
        report["law"]["remarks"]
    );
    assert!(report["law"]["statements"].to_string().contains("Asian (2 people)"));

    let report = of("before.toml");
    let race = table(&report, "Race/ethnicity");
    assert!(group(race, "Asian")["left_out"].is_string());
    assert_eq!(group(race, "White")["exact_ratio"], serde_json::json!([31, 69]));
}

#[test]
fn law_classes_are_selections_of_their_own() {
    let mut rows = String::from("sex,race,class\n");
    for (sex, counts) in [("M", [6, 3, 1]), ("F", [3, 6, 1])] {
        for (class, count) in ["Senior", "Junior", "None"].iter().zip(counts) {
            rows += &format!("{sex},White,{class}\n").repeat(count);
        }
    }
    let details = format!("classifications = [\"Senior\", \"junior\"]\n{DETAILS}");
    let place = Place::new(&[("rows.csv", rows.as_bytes()), ("audit.toml", details.as_bytes())]);
    let report = audited(&place, "rows.csv --law nyc-ll144 --selected class --sex sex --race race");
    let tables = report["law"]["tables"].as_array().unwrap();
    let of = |class: &str| tables.iter().find(|table| table["classification"] == class && table["title"] == "Sex").unwrap();
    assert_eq!(tables.len(), 6);
    assert_eq!(group(of("Senior"), "Female")["exact_ratio"], serde_json::json!([1, 2]));
    assert_eq!(group(of("Junior"), "Male")["exact_ratio"], serde_json::json!([1, 2]));
}

#[test]
fn law_scores_at_the_median_are_not_above_it_and_unknown_people_move_it() {
    let rows = "sex,race,score\nM,White,10\nM,White,20\nF,White,20\nF,White,20\nF,White,40\n,White,50\n,White,60\n";
    let place = Place::new(&[("rows.csv", rows.as_bytes()), ("audit.toml", DETAILS.as_bytes())]);
    let report = audited(&place, "rows.csv --law nyc-ll144 --score score --range 0,100 --sex sex --race race");
    // Of all seven the median is 20; without the two unknown it would be 20 as well, and of the known alone nobody else would be above.
    let sex = table(&report, "Sex");
    assert_eq!((&group(sex, "Male")["selected"], &group(sex, "Female")["selected"]), (&0.into(), &1.into()));
    let told = report["law"]["statements"].to_string();
    assert!(told.contains("Median of all 7 scores, those of people of unknown category among them: 20; 3 scores equal it"), "{told}");
    assert_eq!(sex["headings"][1], "Number above the median score");
}

#[test]
fn law_hispanic_origin_and_own_words_become_categories() {
    let rows = "g,r,h,outcome\nw,Caucasian,no,yes\nw,Caucasian,yes,no\nm,Caucasian,,yes\nm,Latinx,,no\nm,?,no,no\n";
    let details = format!(
        "{DETAILS}[categories.race]\n\"Caucasian\" = \"White\"\n\"Latinx\" = \"Hispanic or Latino\"\n[categories.sex]\nw = \"Female\"\n"
    );
    let place = Place::new(&[("rows.csv", rows.as_bytes()), ("audit.toml", details.as_bytes())]);
    let report = audited(&place, "rows.csv --law nyc-ll144 --selected outcome --sex g --race r --hispanic h");
    let race = table(&report, "Race/ethnicity");
    let of = |name: &str| (group(race, name)["n"].clone(), group(race, name)["selected"].clone());
    assert_eq!(of("White"), (2.into(), 2.into()));
    assert_eq!(of("Hispanic or Latino"), (2.into(), 0.into()));
    assert_eq!(race["selections"]["unknown"], 1);
    assert!(report["law"]["remarks"].to_string().contains("1 people of Hispanic origin stand under"), "{}", report["law"]["remarks"]);
}

#[test]
fn law_the_guidelines_look_within_jobs_and_illinois_counts_interviews_and_hires() {
    let mut rows = String::from("sex,race,job,hired,interview\n");
    for (sex, race, job, yes, no) in [("m", "a", "x", 9, 1), ("f", "b", "x", 6, 4), ("m", "a", "y", 2, 8), ("f", "b", "y", 2, 8)] {
        people(&mut rows, &format!("{sex},{race},{job},no"), yes, no);
    }
    let details = "client = \"C\"\ntool = \"T\"\ndata_source = \"S\"\ndata_period = \"2025-12-01 to 2026-11-30\"\n";
    let place = Place::new(&[("rows.csv", rows.as_bytes()), ("audit.toml", details.as_bytes())]);
    let report = audited(&place, "rows.csv --law ugesp --selected interview --sex sex --by job");
    let f = group(table(&report, "Sex within job x"), "f");
    assert_eq!((&f["exact_ratio"], &f["tests"]["shortfall_to_four_fifths"]), (&serde_json::json!([2, 3]), &2.into()));
    let told = report["law"]["statements"].to_string();
    assert!(told.contains("Sex within job: an impact ratio below 0.8 in 1 of 2 tables."), "{told}");
    let remarks = report["law"]["remarks"].to_string();
    for told in
        ["Mantel-Haenszel odds ratio", "Sex within job x: impact ratio below 0.8 for f", "Sex within job y: no impact ratio below 0.8"]
    {
        assert!(remarks.contains(told), "{told}: {remarks}");
    }
    let report = audited(&place, "rows.csv --law illinois-aivia --selected interview --hired hired --race race");
    let told = report["law"]["statements"].to_string();
    assert!(told.contains("a: 11 offered an in-person interview, 9 not offered one.") && told.contains("b: 0 hired."), "{told}");
}

#[test]
fn law_twenty_thousand_scores_with_jobs() {
    let races = [
        "Hispanic or Latino",
        "White",
        "Black or African American",
        "Native Hawaiian or Pacific Islander",
        "Asian",
        "Native American or Alaska Native",
        "Two or More Races",
    ];
    let mut rows = String::from("job,sex,race,score\n");
    for person in 0..20_000_usize {
        let score = (person * 7919) % 10_007;
        let _ = writeln!(rows, "job {},{},{},0.{score:05}", person % 12, ["Male", "Female"][person / 12 % 2], races[person / 24 % 7]);
    }
    let place = Place::new(&[("rows.csv", rows.as_bytes()), ("audit.toml", DETAILS.as_bytes())]);
    let started = std::time::Instant::now();
    let report = audited(&place, "rows.csv --law nyc-ll144 --score score --sex sex --race race --by job");
    eprintln!("20,000 rows took {:?}", started.elapsed());
    // Within jobs people are counted, and nothing is drawn at random.
    let attribute = &report["methods"][0]["runs"][0]["attributes"][0];
    let strata = attribute["strata"][0]["strata"].as_array().unwrap();
    assert_eq!((strata.len(), &report["recipe"]["strata"]), (12, &serde_json::json!(["job"])));
    assert!(strata[0]["findings"].as_array().unwrap().iter().all(|finding| finding["p_value"].is_null()));
    assert!(attribute["findings"].as_array().unwrap().iter().any(|finding| finding["metric"] == "conditional-spdd"));
    assert_eq!(table(&report, "Sex and race/ethnicity")["selections"]["groups"].as_array().unwrap().len(), 14);
    assert_eq!(table(&report, "Sex")["selections"]["n"], 20_000);
}

#[test]
fn law_details_without_a_rule_are_the_particulars_of_an_audit() {
    let place = Place::new(&[("rows.csv", b"s,g\n0.2,a\n0.8,b\n0.6,a\n"), ("audit.toml", DETAILS.as_bytes())]);
    let output = place.run("audit rows.csv --score s --group g --details audit.toml --json");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(report["particulars"]["auditor"], "A. Auditor");
    assert_eq!(report["particulars"]["audit_date"], "2026-11-16");
}

#[test]
fn law_files_take_no_place_of_others_and_no_other_report_takes_theirs() {
    let rows = b"sex,race,yes\nm,White,1\nf,White,0\nm,White,1\nf,White,1\n";
    let place =
        Place::new(&[("rows.csv", rows), ("audit.toml", DETAILS.as_bytes()), ("own/tables.csv", b"a\n1\n"), ("man/manifest.json", b"{}")]);
    let law = "audit rows.csv --law nyc-ll144 --selected yes --sex sex --race race --details audit.toml --limit spdd@sex=1 --out";
    let plain = "audit rows.csv --score yes --group sex --out";
    for folder in ["own", "man"] {
        let output = place.run(&format!("{law} {folder}"));
        assert!(output.status.code() == Some(2) && stderr(&output).contains("give another folder"), "{}", stderr(&output));
    }
    assert_eq!(read(&place, "own/tables.csv"), "a\n1\n");
    for (first, second) in [(law, plain), (plain, law)] {
        let folder = if first == law { "law" } else { "plain" };
        assert_eq!(place.run(&format!("{first} {folder}")).status.code(), Some(0));
        assert_eq!(place.run(&format!("{second} {folder}")).status.code(), Some(2), "{folder}");
        assert_eq!(place.run(&format!("{first} {folder}")).status.code(), Some(0));
    }
    for format in ["annex-iv", "colorado-sb26-189"] {
        assert_eq!(place.run(&format!("report law --format {format}")).status.code(), Some(0));
        assert!(read(&place, &format!("law/{format}.md")).contains("Tool 1.0"));
    }
    let output = place.run("report law --format csv --model law");
    assert!(output.status.code() == Some(2) && stderr(&output).contains("--model"), "{}", stderr(&output));
}

/// A case: what is wrong, the details, the rest of the command after the file.
fn refusals() -> Vec<(&'static str, String, &'static str)> {
    let nyc = "--law nyc-ll144 --selected yes --sex sex --race race";
    let with = |more: &str| format!("{DETAILS}{more}");
    let first = |more: &str| format!("{more}{DETAILS}");
    vec![
        ("a rule that nobody knows", with(""), "--law nyc-ll145 --selected yes --sex sex --race race"),
        ("no details", String::new(), "--law nyc-ll144 --selected yes --sex sex --race race"),
        ("two keys missing", "auditor = \"A\"\ntool = \"T\"\ndata_source = \"S\"\naudit_date = 2026-01-01\n".to_owned(), nyc),
        ("a typo in a key", first("auditr = \"B\"\n"), nyc),
        ("no TOML", "auditor = \n".to_owned(), nyc),
        ("a key twice", with("auditor = \"B\"\n"), nyc),
        ("a day that is none", DETAILS.replace("2026-12-01", "2026-02-30"), nyc),
        ("a day in another order", DETAILS.replace("2026-12-01", "01.12.2026"), nyc),
        ("a number in the place of a text", DETAILS.replace("\"Tool 1.0\"", "1.0"), nyc),
        ("an empty text", DETAILS.replace("Tool 1.0", " "), nyc),
        ("a text without end", DETAILS.replace("Tool 1.0", &"x".repeat(6000)), nyc),
        ("an exclusion without a reason", with("[exclude]\nbelow = 0.02\n"), nyc),
        ("an exclusion without a share", with("[exclude]\nreason = \"few\"\n"), nyc),
        ("an exclusion of more than the rule lets", with("[exclude]\nbelow = 0.2\nreason = \"few\"\n"), nyc),
        ("an exclusion in percent", with("[exclude]\nbelow = 2\nreason = \"few\"\n"), nyc),
        ("a slip in the exclusion", with("[exclude]\nbelow = 0.02\nreasn = \"few\"\n"), nyc),
        ("a comparator that nobody knows", first("comparator = \"after\"\n"), nyc),
        ("a comparator without an exclusion", first("comparator = \"after-exclusion\"\n"), nyc),
        ("categories of another column", with("[categories.gender]\nm = \"Male\"\n"), nyc),
        ("a category that is none", with("[categories.race]\nb = \"Blak or African American\"\n"), nyc),
        ("two categories for one word", with("[categories.race]\nb = \"White\"\nB = \"Asian\"\n"), nyc),
        ("words that are no category", with(""), nyc),
        (
            "Hispanic origin in other words",
            with("[categories.race]\nb = \"White\"\n"),
            "--law nyc-ll144 --selected yes --race race --hispanic score",
        ),
        ("classes that do not occur", first("classifications = [\"1\", \"Senior\"]\n"), "--law nyc-ll144 --selected yes --race known"),
        ("classes of scores", first("classifications = [\"Senior\"]\n"), "--law nyc-ll144 --score score --race known"),
        ("a class twice", first("classifications = [\"Senior\", \"senior\"]\n"), nyc),
        ("scores as decisions", with(""), "--law nyc-ll144 --selected score --race known"),
        ("decisions as scores", with(""), "--law nyc-ll144 --score yes --race known"),
        (
            "scores that select nobody",
            "tool = \"T\"\ndata_source = \"S\"\ndata_period = \"P\"\n".to_owned(),
            "--law ugesp --score score --race known",
        ),
        ("no column of sex or race", with(""), "--law nyc-ll144 --selected yes"),
        ("a column that is not there", with(""), "--law nyc-ll144 --selected yes --race ethnicity"),
        ("one column for two things", with(""), "--law nyc-ll144 --selected yes --race known --sex known"),
        ("a limit of a table that is not there", with(""), "--law nyc-ll144 --selected yes --race known --limit impact-ratio@gender=0.8"),
        ("a limit of an attribute that is not there", with(""), "--law nyc-ll144 --selected yes --race known --limit spdd@knwn=0.1"),
        ("one limit by two names", with(""), "--law nyc-ll144 --selected yes --race known --limit spdd@known=0.1 --limit spdd@race=0.2"),
        ("the median where lower is better", with(""), "--law nyc-ll144 --score score --race known --lower-is-better"),
        (
            "classes for a rule of one decision",
            "classifications = [\"1\"]\nclient = \"C\"\ndata_source = \"S\"\ndata_period = \"P\"\n".to_owned(),
            "--law illinois-aivia --selected yes --race known",
        ),
        ("a limit beyond 1", with(""), "--law nyc-ll144 --selected yes --race known --limit impact-ratio=80"),
        ("a rule in parts", with(""), "--law nyc-ll144 --selected yes --race known --stream"),
        (
            "sex for a rule of race",
            "client = \"C\"\ndata_source = \"S\"\ndata_period = \"P\"\n".to_owned(),
            "--law illinois-aivia --selected yes --race known --sex sex",
        ),
        ("hires for a rule that knows none", with(""), "--law nyc-ll144 --selected yes --race known --hired sex"),
        ("a rule's details without the rule", with("[exclude]\nbelow = 0.02\nreason = \"few\"\n"), "--score score --group known"),
        ("decisions without a rule", with(""), "--selected yes --group known"),
    ]
}

#[test]
fn law_every_bad_detail_is_told_with_its_remedy() {
    const ROWS: &[u8] = b"sex,race,known,score,yes\nm,b,White,0.5,1\nf,b,Asian,0.7,0\nm,White,White,0.2,1\nf,Asian,Asian,0.9,0\n";
    let mut told = String::new();
    for (what, details, words) in refusals() {
        let place = Place::new(&[("rows.csv", ROWS), ("audit.toml", details.as_bytes())]);
        let before = place.files();
        let given = if details.is_empty() { "" } else { " --details audit.toml" };
        let output = place.run(&format!("audit rows.csv {words}{given} --out out"));
        let message = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{what}: {message}");
        assert!(!message.contains("panicked") && !message.trim().is_empty(), "{what}: {message}");
        assert_eq!(place.files(), before, "{what}: files were left behind or lost");
        let _ = writeln!(told, "## {what}\n$ evenhand audit rows.csv {words}{given}\n{}\n", message.trim_end());
    }
    assert!(refusals().len() >= 25);
    insta::assert_snapshot!(told);
}
