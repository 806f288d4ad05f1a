//! Small inputs that once went wrong, or were missing, each for its whole kind and in every command that meets it. Every number was worked out
//! by hand from the rows in the test.

use std::fmt::Write as _;

use crate::command::{Place, stderr};
use crate::figures::{
    assert_groups, assert_near, audit, by_group, counted, counts, favoured, notes, ranked_groups, refusal, report, selected, succeeds,
    table, tilt, unknown, value, written,
};

/// Stages of hiring: 6 of 12 women and 6 of 8 men are hired or have an offer, and on 7 nothing is decided.
fn stages() -> Vec<u8> {
    table(
        "gender,score,stage",
        &[
            ("f,0.9,Hired", 4),
            ("f,0.8,Offer", 2),
            ("f,0.3,Rejected", 6),
            ("f,0.6,In process", 3),
            ("f,0.2,Withdrawn", 1),
            ("m,0.9,Hired", 3),
            ("m,0.7,Offer", 3),
            ("m,0.4,Rejected", 2),
            ("m,0.6,in  PROCESS", 3),
        ],
    )
}

#[test]
fn case_01a_several_values_are_favourable_and_open_stages_are_no_rejections() {
    let place = Place::new(&[("stages.csv", &stages())]);
    let both = "--favourable Hired --favourable Offer";
    let found = audit(&place, &format!("stages.csv --score score --group gender --label stage {both}"));
    assert_groups(&favoured(&found), &[("f", 12, 0.5), ("m", 8, 0.75)]);
    // The score of a row counts whatever its outcome: above one half are 6 + 3 of 16 and 6 + 3 of 11.
    assert_groups(&selected(&found), &[("f", 16, 9.0 / 16.0), ("m", 11, 9.0 / 11.0)]);
    assert!(notes(&found).contains("taken as not decided yet") && notes(&found).contains("`Withdrawn`"), "{}", notes(&found));
    let hired = audit(&place, "stages.csv --score score --group gender --label stage --favourable Hired");
    assert_groups(&favoured(&hired), &[("f", 12, 4.0 / 12.0), ("m", 8, 3.0 / 8.0)]);
    // One's own word for what is open: then 6 of 6 women and 6 of 6 men.
    let own = audit(&place, &format!("stages.csv --score score --group gender --label stage {both} --undecided rejected"));
    assert_groups(&favoured(&own), &[("f", 6, 1.0), ("m", 6, 1.0)]);

    let wanted = [("f".to_owned(), (6, 6)), ("m".to_owned(), (6, 2))].into();
    assert_eq!(tilt(&place, &format!("stages.csv --label stage --group gender {both}")), wanted);
    let ranked = succeeds(&place, &format!("rank stages.csv --score score --group gender --label stage {both} --out ranked.csv"));
    assert!(ranked.contains("7 of 27 rows have no label"), "{ranked}");
    assert_eq!(written(&place, "ranked.csv", b',').len(), 27);
    succeeds(&place, &format!("balance stages.csv --group gender --label stage {both} --method oversampling --out over.csv"));
    // Every cell grows to the largest, which holds 6.
    let stages = counts(&place, "over.csv", b',', &["gender", "stage"]);
    let of = |gender: &str, stage: &str| stages.get(&format!("{gender} {stage}")).copied().unwrap_or(0);
    for gender in ["f", "m"] {
        assert_eq!((of(gender, "Hired") + of(gender, "Offer"), of(gender, "Rejected")), (6, 6), "{stages:?}");
    }
    assert_eq!(stages.values().sum::<usize>(), 24, "{stages:?}");
}

#[test]
fn case_01b_a_favourable_value_counts_in_every_spelling() {
    let rows = [
        ("f,0.9,Hired", 2),
        ("f,0.9,hired", 1),
        ("f,0.9, HIRED ", 1),
        ("f,0.1,Rejected", 4),
        ("m,0.9,hired", 3),
        ("m,0.1,rejected", 2),
        ("m,0.1,REJECTED", 7),
    ];
    let place = Place::new(&[("hired.csv", &table("gender,score,outcome", &rows))]);
    for favourable in ["--favourable Hired", "--favourable 'hired '", ""] {
        let found = audit(&place, &format!("hired.csv --score score --group gender --label outcome {favourable}"));
        assert_groups(&favoured(&found), &[("f", 8, 0.5), ("m", 12, 0.25)]);
        assert_near(value(&found, "true-positive-rate"), 1.0);
        let decisions = audit(&place, &format!("hired.csv --score outcome --group gender {favourable}"));
        assert_groups(&selected(&decisions), &[("f", 8, 0.5), ("m", 12, 0.25)]);
        let cells = tilt(&place, &format!("hired.csv --label outcome --group gender {favourable}"));
        assert_eq!(cells, [("f".to_owned(), (4, 4)), ("m".to_owned(), (3, 9))].into());
        succeeds(&place, &format!("balance hired.csv --group gender --label outcome {favourable} --method oversampling --out over.csv"));
        // Every cell grows to the 9 men who were rejected.
        let over = counts(&place, "over.csv", b',', &["gender", "score"]);
        assert_eq!(over, counted(&[("f 0.1", 9), ("f 0.9", 9), ("m 0.1", 9), ("m 0.9", 9)]));
    }
    let told = audit(&place, "hired.csv --score score --group gender --label outcome --favourable Hired");
    assert!(notes(&told).contains("`Hired`, `hired`, `HIRED` are taken as one"), "{}", notes(&told));
    // Both spellings may be named, and a value that does not occur is no rejection of everybody.
    succeeds(&place, "audit hired.csv --score score --group gender --label outcome --favourable Hired --favourable hired --level 0");
    let refused = refusal(&place, "audit hired.csv --score score --group gender --label outcome --favourable Appointed");
    assert!(refused.contains("`Appointed` does not occur") && refused.contains("Rejected"), "{refused}");
}

#[test]
fn case_01c_a_decision_in_words_stands_for_a_score() {
    let rows = [
        ("f,Selected,Yes,Y,Pass,Advance", 2),
        ("f,Not selected,No,N,Fail,Decline", 6),
        ("m,selected,yes,y,PASS,Advance", 5),
        ("m,Not  Selected,no,n,fail,Decline", 7),
    ];
    let place = Place::new(&[("decisions.csv", &table("gender,decision,yes,yn,pf,own", &rows))]);
    let wanted = [("f", 8, 0.25), ("m", 12, 5.0 / 12.0)];
    for column in ["decision", "yes", "yn", "pf", "own --favourable Advance"] {
        assert_groups(&selected(&audit(&place, &format!("decisions.csv --score {column} --group gender"))), &wanted);
        let streamed = audit(&place, &format!("decisions.csv --score {column} --group gender --stream"));
        assert_groups(&selected(&streamed), &wanted);
    }
    let refused = refusal(&place, "audit decisions.csv --score own --group gender");
    assert!(refused.contains("`Advance`, `Decline`") && refused.contains("favourable"), "{refused}");
}

#[test]
fn case_04_the_lowest_score_may_be_the_best() {
    let rows = [("x,2", 2), ("x,3", 1), ("x,7", 5), ("y,1", 1), ("y,3", 1), ("y,9", 3)];
    let place = Place::new(&[("deciles.csv", &table("group,decile", &rows))]);
    let words = "deciles.csv --score decile --group group --range 1,10 --threshold 3";
    let wanted = [("x", 8, 3.0 / 8.0), ("y", 5, 2.0 / 5.0)];
    assert_groups(&selected(&audit(&place, &format!("{words} --lower-is-better"))), &wanted);
    assert_groups(&selected(&audit(&place, &format!("{words} --lower-is-better --stream"))), &wanted);
    // The five best are all that stand at 3 or below.
    let top = audit(&place, "deciles.csv --score decile --group group --range 1,10 --lower-is-better --top 5");
    assert_groups(&selected(&top), &wanted);
    assert!(notes(&top).contains("3 or less"), "{}", notes(&top));
    assert_groups(&selected(&audit(&place, words)), &[("x", 8, 5.0 / 8.0), ("y", 5, 3.0 / 5.0)]);
    // The mean deciles are 42/8 and 31/5, in print and on the page; the axis of thresholds ends at the tenth.
    let printed = succeeds(&place, &format!("audit {words} --lower-is-better --out audited"));
    let page = std::fs::read_to_string(place.path().join("audited/report.html")).unwrap();
    assert!(printed.contains(" 5.250 [") && printed.contains(" 6.200 ["), "{printed}");
    let thresholds = page.split("pass rate by threshold of 2 groups").nth(1).expect("the figure is there");
    assert!(page.contains("5.250") && page.contains("6.200") && thresholds[..thresholds.find("</svg>").unwrap()].contains(">10<"));
    for (option, best, worst) in [("--lower-is-better", "1", "9"), ("", "9", "1")] {
        succeeds(&place, &format!("rank deciles.csv --score decile --group group --top 3 {option} --out ranked.csv"));
        let ranked = written(&place, "ranked.csv", b',');
        assert_eq!((ranked[0]["decile"].as_str(), ranked[0]["rank_by_score"].as_str()), (best, "1"), "{option}");
        assert!(ranked.iter().any(|row| row["rank_by_score"] == "13" && row["decile"] == worst), "{option}");
    }
}

#[test]
fn case_05_the_best_of_all_and_the_median_are_thresholds() {
    let rows =
        [("x,90.1", 1), ("x,73.9", 2), ("x,60", 1), ("y,73.9", 1), ("y,50.3", 1), ("y,40", 1), ("y,30", 1), ("y,20", 1), ("y,10", 1)];
    let place = Place::new(&[("points.csv", &table("group,points", &rows))]);
    let words = "points.csv --score points --group group --range 0,100";
    // Two of ten are a fifth, and two more stand at the score of the second.
    for top in ["20%", "2", "4", "35 %"] {
        let found = audit(&place, &format!("{words} --top '{top}'"));
        assert_groups(&selected(&found), &[("x", 4, 0.75), ("y", 6, 1.0 / 6.0)]);
        assert!(notes(&found).contains("4 rows score 73.9 or more"), "{}", notes(&found));
    }
    // Half of the ten lie above the middle between 50.3 and 60.
    let found = audit(&place, &format!("{words} --threshold median"));
    assert_groups(&selected(&found), &[("x", 4, 1.0), ("y", 6, 1.0 / 6.0)]);
    assert!(notes(&found).contains("Median 55.15:"), "{}", notes(&found));
    let told = audit(&place, &format!("{words} --threshold 73.9"));
    assert!(notes(&told).contains("scores above 73.9"), "{}", notes(&told));
    assert_groups(&selected(&told), &[("x", 4, 0.25), ("y", 6, 0.0)]);
    let told = audit(&place, &format!("{words} --threshold 73.9 --at-or-above"));
    assert_groups(&selected(&told), &[("x", 4, 0.75), ("y", 6, 1.0 / 6.0)]);
}

/// Scores of four women and four men, as numbers are written in one place and another.
fn scores(separator: &str, number: fn(u32) -> String) -> String {
    let mut text = ["Geschlecht", "Prüfung", "Eingestellt"].join(separator) + "\n";
    for (gender, score) in
        [("Frauen", 20), ("Männer", 10), ("Frauen", 40), ("Männer", 30), ("Frauen", 60), ("Männer", 40), ("Frauen", 80), ("Männer", 60)]
    {
        text += &([gender, &number(score), if score > 30 { "ja" } else { "nein" }].join(separator) + "\n");
    }
    text
}

#[test]
fn case_06_every_way_of_writing_numbers_and_letters_is_one_to_every_command() {
    let point: fn(u32) -> String = |score| format!("0.{score}");
    let comma: fn(u32) -> String = |score| format!("0,{score}");
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let western = |text: &str| text.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect::<Vec<u8>>();
    let files = [
        ("point.csv", scores(",", point).into_bytes()),
        ("semicolon.csv", scores(";", comma).into_bytes()),
        ("quoted.csv", scores(",", |score| format!("\"0,{score}\"")).into_bytes()),
        ("percent.csv", scores(",", |score| format!("{score}%")).into_bytes()),
        ("percent_comma.csv", scores(";", |score| format!("{score},00 %")).into_bytes()),
        ("pipe.csv", scores("|", point).into_bytes()),
        ("tab.tsv", scores("\t", comma).into_bytes()),
        ("western.csv", western(&scores(";", comma))),
        ("utf16.csv", utf16(&format!("\u{feff}{}", scores("\t", comma)))),
    ];
    let names = files.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect::<Vec<_>>();
    let place = Place::new(&names);
    for (file, _) in &files {
        let found = audit(&place, &format!("{file} --score Prüfung --group Geschlecht --label Eingestellt"));
        // Above one half are 60 and 80 of the women, 60 of the men; the sorted scores lie .1, .1, .2 and .2 apart.
        assert_groups(&selected(&found), &[("Frauen", 4, 0.5), ("Männer", 4, 0.25)]);
        assert_groups(&favoured(&found), &[("Frauen", 4, 0.75), ("Männer", 4, 0.5)]);
        assert_near(value(&found, "spdd"), 0.15);
        let cells = tilt(&place, &format!("{file} --label Prüfung --group Geschlecht"));
        assert_eq!(cells, [("Frauen".to_owned(), (2, 2)), ("Männer".to_owned(), (1, 3))].into(), "{file}");
        let ranked = report(&place, &format!("rank {file} --score Prüfung --group Geschlecht --top 4 --out ranked.csv"));
        assert_eq!(ranked_groups(&ranked), ["Frauen", "Männer"], "{file}");
        succeeds(&place, &format!("balance {file} --group Geschlecht --label Eingestellt --method oversampling --out over.csv"));
    }
}

#[test]
fn case_07_commas_in_the_words_of_a_header_separate_nothing() {
    let header = "ID (employee, if any);Gender (self-reported, optional);Score (0 to 1, higher is better);Hired (yes, no)";
    let rows = [("1;f;0.8;yes", 3), ("2;f;0.2;no", 1), ("3;m;0.8;yes", 2), ("4;m;0.2;no", 3)];
    let place = Place::new(&[("survey.csv", &table(header, &rows))]);
    let group = "--group 'Gender (self-reported, optional)'";
    let label = "--label 'Hired (yes, no)'";
    let score = "--score 'Score (0 to 1, higher is better)'";
    for separator in ["", "--separator ;", "--separator semicolon"] {
        let found = audit(&place, &format!("survey.csv {score} {group} {label} {separator}"));
        assert_groups(&selected(&found), &[("f", 4, 0.75), ("m", 5, 0.4)]);
        let cells = tilt(&place, &format!("survey.csv {label} {group} {separator}"));
        assert_eq!(cells, [("f".to_owned(), (3, 1)), ("m".to_owned(), (2, 3))].into());
        succeeds(&place, &format!("rank survey.csv {score} {group} {label} --top 4 {separator} --out ranked.csv"));
        assert_eq!(written(&place, "ranked.csv", b';')[0].len(), 4 + 4);
        succeeds(&place, &format!("balance survey.csv {group} {label} --method oversampling {separator} --out over.csv"));
        assert_eq!(written(&place, "over.csv", b';')[0].len(), 4);
    }
}

fn place_of_keys(above: &str) -> Place {
    let rows = "candidate,gender,score,hired\nc1,f,0.9,1\nc2,f,0.2,0\nc3,m,0.8,1\nc4,m,0.7,1\nc5,m,0.1,0\n";
    Place::new(&[("keys.csv", format!("{above}{rows}").as_bytes())])
}

#[test]
fn case_08_lines_around_a_table_are_told_and_can_be_counted() {
    let rows = "candidate,gender,score,hired\nc1,f,0.9,1\nc2,f,0.2,0\nc3,m,0.8,1\nc4,m,0.7,1\nc5,m,0.1,0\n";
    let total = "Total,,2.7,3\n";
    let title = "Bias audit export,,,\nGenerated 2026-11-01,,,\n,,,\n";
    let narrow = "Bias audit, spring\n";
    let wide = "Bias audit, spring, all jobs\n";
    let files = [
        ("title.csv", format!("{title}{rows}"), ""),
        ("total.csv", format!("{rows}{total}"), ""),
        ("both.csv", format!("{title}{rows}{total}"), ""),
        ("counted.csv", format!("{title}{rows}{total}"), "--skip-lines 3"),
        ("narrow.csv", format!("{narrow}{rows}{total}"), ""),
        ("wide.csv", format!("{wide}{rows}{total}"), "--skip-lines 1"),
    ];
    let bytes = files.iter().map(|(name, text, _)| (*name, text.as_bytes())).collect::<Vec<_>>();
    let place = Place::new(&bytes);
    for (file, text, options) in &files {
        let found = audit(&place, &format!("{file} --score score --group gender {options}"));
        assert_groups(&selected(&found), &[("f", 2, 0.5), ("m", 3, 2.0 / 3.0)]);
        let told = notes(&found);
        // Counting the lines above says nothing of the lines below.
        assert_eq!(told.contains("begins with `Total`"), text.ends_with(total), "{file}: {told}");
        assert_eq!(told.contains("above the header"), options.is_empty() && text.starts_with("Bias"), "{file}: {told}");
        let streamed = audit(&place, &format!("{file} --score score --group gender {options} --stream"));
        assert_groups(&selected(&streamed), &[("f", 2, 0.5), ("m", 3, 2.0 / 3.0)]);
        let cells = tilt(&place, &format!("{file} --label hired --group gender {options}"));
        assert_eq!(cells, [("f".to_owned(), (1, 1)), ("m".to_owned(), (2, 1))].into(), "{file}");
        for words in [
            "rank FILE --score score --group gender --out out.csv",
            "balance FILE --group gender --method oversampling --label hired --out out.csv",
        ] {
            succeeds(&place, &format!("{} {options}", words.replace("FILE", file)));
            assert!(!counts(&place, "out.csv", b',', &["candidate"]).contains_key("Total"), "{file}");
        }
    }
    // What is not recognised is refused with the remedy.
    for words in ["audit wide.csv --score score --group gender", "skew wide.csv --label hired --group gender"] {
        let refused = refusal(&place, words);
        assert!(refused.contains("the rows have 4 fields") && refused.contains("--skip-lines"), "{refused}");
    }
    let keyed = place_of_keys("Job:,Engineer\nDate:,2026-01-02\n\n");
    assert_groups(&selected(&audit(&keyed, "keys.csv --score score --group gender")), &[("f", 2, 0.5), ("m", 3, 2.0 / 3.0)]);
    let refused = refusal(&place_of_keys("Job,Engineer,Berlin\nFrom,May,June\n\n"), "audit keys.csv --score score --group gender");
    assert!(refused.contains("the rows have 4 fields") && refused.contains("--skip-lines"), "{refused}");
    // A person may be called so: the group is a code, and no number is a sum.
    let surname = "name,group,score\nKim,1,0.9\nLee,2,0.3\nPark,1,0.6\nSum,2,0.7\n";
    let place = Place::new(&[("surname.csv", surname.as_bytes())]);
    for way in ["", "--stream"] {
        let found = audit(&place, &format!("surname.csv --score score --group group {way}"));
        assert_groups(&selected(&found), &[("1", 2, 1.0), ("2", 2, 0.5)]);
        assert!(notes(&found).contains("begins with `Sum`") && notes(&found).contains("it counts as a row"), "{}", notes(&found));
    }
    // A person may be called so, where others are, too.
    let named = "candidate,gender,score\nTotal,f,0.9\nAnna,f,0.2\nTotal,m,0.8\nMia,m,0.1\n";
    let place = Place::new(&[("named.csv", named.as_bytes())]);
    assert_groups(&selected(&audit(&place, "named.csv --score score --group gender")), &[("f", 2, 0.5), ("m", 2, 0.5)]);
}

/// Words that stand for a value that is not there.
const MISSING: [&str; 9] = ["", "NaN", "nan", "N/A", "NA", "null", "-", "#N/A", "(blank)"];

/// Every word once for a score, a label and a group, beside 8 women and 8 men of whom all is known.
fn with_missing() -> Vec<u8> {
    let mut text = String::from_utf8(table(
        "gender,score,outcome",
        &[("f,0.8,hired", 6), ("f,0.2,rejected", 2), ("m,0.8,hired", 2), ("m,0.2,rejected", 6)],
    ))
    .unwrap();
    for word in MISSING {
        writeln!(text, "f,{word},hired\nm,0.9,{word}\n{word},0.9,rejected").unwrap();
    }
    text.into_bytes()
}

#[test]
fn case_09_one_meaning_of_missing_in_every_command() {
    let place = Place::new(&[("missing.csv", &with_missing())]);
    let words = "missing.csv --score score --group gender --label outcome --favourable hired --skip-unscored";
    for options in ["", "--missing N/A"] {
        let found = audit(&place, &format!("{words} {options}"));
        // The 9 women without a score are left out, and the 9 men without an outcome count among the scores.
        assert_groups(&selected(&found), &[("f", 8, 6.0 / 8.0), ("m", 17, 11.0 / 17.0)]);
        assert_groups(&favoured(&found), &[("f", 8, 6.0 / 8.0), ("m", 8, 2.0 / 8.0)]);
        assert_groups(&by_group(&found, 0, "false-positive-rate"), &[("f", 2, 0.0), ("m", 6, 0.0)]);
        assert_groups(&by_group(&found, 0, "true-positive-rate"), &[("f", 6, 1.0), ("m", 2, 1.0)]);
        assert_eq!(unknown(&found), 9);
        assert!(notes(&found).contains("9 of 43 rows have no score"), "{}", notes(&found));
        assert!(notes(&found).contains("f 9 of 17, m 0 of 17"), "{}", notes(&found));
    }
    // A decision that is missing is none, at once and in parts.
    for stream in ["", "--stream"] {
        let decided = audit(&place, &format!("missing.csv --score outcome --favourable hired --group gender {stream}"));
        assert_groups(&selected(&decided), &[("f", 17, 15.0 / 17.0), ("m", 8, 0.25)]);
        assert_eq!(unknown(&decided), 9);
    }
    // Labels need no score: 6 + 9 women were hired.
    let cells = tilt(&place, "missing.csv --label outcome --favourable hired --group gender");
    assert_eq!(cells, [("f".to_owned(), (15, 2)), ("m".to_owned(), (2, 6))].into());
    let cells = tilt(&place, "missing.csv --label score --group gender");
    assert_eq!(cells, [("f".to_owned(), (6, 2)), ("m".to_owned(), (11, 6))].into());

    let ranked = report(&place, "rank missing.csv --score score --group gender --skip-unscored --top 8 --out ranked.csv");
    assert_eq!(ranked_groups(&ranked), ["f", "m"]);
    let order = written(&place, "ranked.csv", b',');
    assert_eq!(order.len(), 43);
    assert!(order[34..].iter().all(|row| row["gender"] == "f" && MISSING.contains(&row["score"].as_str()) && row["rank"].is_empty()));
    succeeds(&place, "balance missing.csv --group gender --label outcome --favourable hired --method oversampling --out over.csv");
    // Every cell grows to the 15 women who were hired; the 9 rows of unknown group stay, the 9 without an outcome do not.
    assert_eq!(written(&place, "over.csv", b',').len(), 4 * 15 + 9);
    succeeds(&place, "balance missing.csv --group gender --label outcome --rows 40 --out made.csv");
    let made = counts(&place, "made.csv", b',', &["gender", "outcome"]);
    assert_eq!(made, counted(&[("f hired", 10), ("f rejected", 10), ("m hired", 10), ("m rejected", 10)]));
    // Without leave nobody is left out, and the place is told.
    let refused = refusal(&place, "audit missing.csv --score score --group gender");
    assert!(refused.contains("column `score`, data row 17") && refused.contains("--skip-unscored"), "{refused}");
}

#[test]
fn case_09_a_recipe_and_its_model_know_the_same_meaning_of_missing() {
    let recipe = b"name = \"missing\"\nseeds = [1]\n[data]\nloader = \"table\"\nfiles = [\"missing.csv\"]\n\
        label = { column = \"outcome\", favourable = \"hired\" }\nsensitive = [{ column = \"gender\" }]\n[model]\nhidden = [2]\n\
        [training]\nepochs = 1\n[intervals]\nlevel = 0.0\n[[method]]\nobjective = \"vanilla\"\n";
    let place = Place::new(&[("missing.csv", &with_missing()), ("missing.toml", recipe)]);
    let found = report(&place, "run missing.toml --out runs");
    assert!(notes(&found).contains("9 of 43 rows have no label"), "{}", notes(&found));
    assert_eq!(found["data"]["rows"], 34);
    assert_eq!(found["data"]["attributes"][0]["unknown"], 9);
    assert_groups(&favoured(&found), &[("f", 17, 15.0 / 17.0), ("m", 8, 0.25)]);
    assert!(succeeds(&place, "score runs/models/vanilla__seed_1 missing.csv --out scored.csv").contains("43 rows scored"));
}

#[test]
fn case_16_rules_that_hold_in_every_real_row_hold_in_every_made_one() {
    let places = [("Turin", "IT"), ("Milan", "IT"), ("Lyon", "FR"), ("Nice", "FR"), ("Graz", "AT")];
    let mut text = "city,country,min_salary,max_salary,gender,hired\n".to_owned();
    for row in 0..120_usize {
        let (city, country) = places[row * 7 % 5];
        let (low, gap) = (30 + row * 11 % 17, 1 + row * 5 % 13);
        writeln!(text, "{city},{country},{low},{},{},{}", low + gap, ["man", "woman"][row % 2], row / 3 % 2).unwrap();
    }
    let place = Place::new(&[("places.csv", text.as_bytes())]);
    succeeds(&place, "balance places.csv --group gender --label hired --rows 400 --out made.csv");
    let made = written(&place, "made.csv", b',');
    assert_eq!(made.len(), 400);
    for row in &made {
        assert!(places.contains(&(row["city"].as_str(), row["country"].as_str())), "{row:?}");
        assert!(row["min_salary"].parse::<f64>().unwrap() < row["max_salary"].parse::<f64>().unwrap(), "{row:?}");
    }
    let cells = counts(&place, "made.csv", b',', &["gender", "hired"]);
    assert_eq!(cells, counted(&[("man 0", 100), ("man 1", 100), ("woman 0", 100), ("woman 1", 100)]));
}

#[test]
fn case_19_rows_of_one_kind_are_chosen_by_their_words() {
    let rows = [
        ("p,aptitude,f,0.8,1", 1),
        ("p,aptitude,f,0.2,0", 3),
        ("q,Aptitude,m,0.8,1", 2),
        ("q,aptitude,m,0.2,0", 2),
        ("p,verbal,f,0.9,1", 4),
        ("q,verbal,m,0.1,0", 4),
        ("q,total,m,0.1,0", 4),
    ];
    let place = Place::new(&[("long.csv", &table("person,scale,gender,score,hired", &rows))]);
    let aptitude = "--where scale=aptitude";
    let found = audit(&place, &format!("long.csv --score score --group gender {aptitude}"));
    assert_groups(&selected(&found), &[("f", 4, 0.25), ("m", 4, 0.5)]);
    assert!(notes(&found).contains("8 of 20 rows are kept"), "{}", notes(&found));
    let streamed = audit(&place, &format!("long.csv --score score --group gender {aptitude} --stream"));
    assert_groups(&selected(&streamed), &[("f", 4, 0.25), ("m", 4, 0.5)]);
    let both = audit(&place, &format!("long.csv --score score --group gender {aptitude} --where scale=verbal"));
    assert_groups(&selected(&both), &[("f", 8, 5.0 / 8.0), ("m", 8, 2.0 / 8.0)]);
    let women = audit(&place, &format!("long.csv --score score --group gender {aptitude} --where gender=f"));
    assert_groups(&selected(&women), &[("f", 4, 0.25)]);
    let cells = tilt(&place, &format!("long.csv --label hired --group gender {aptitude}"));
    assert_eq!(cells, [("f".to_owned(), (1, 3)), ("m".to_owned(), (2, 2))].into());
    succeeds(&place, &format!("rank long.csv --score score --group gender {aptitude} --out ranked.csv"));
    assert_eq!(written(&place, "ranked.csv", b',').len(), 8);
    succeeds(&place, &format!("balance long.csv --group gender --label hired --method oversampling {aptitude} --out over.csv"));
    assert_eq!(written(&place, "over.csv", b',').len(), 4 * 3);
    // Several scales of the same persons are not mixed without a word.
    let mixed = audit(&place, "long.csv --score score --group gender");
    assert!(notes(&mixed).contains("`person` repeats"), "{}", notes(&mixed));
    let refused = refusal(&place, "audit long.csv --score score --group gender --where scale=logic");
    assert!(refused.contains("logic"), "{refused}");
}

#[test]
fn case_20_counts_stand_for_rows() {
    let counts = "category,applicants,selected\nFemale,40,10\nMale,50,20\nUnknown,6,\n";
    let weighted = [("Female,1,10", 1), ("Female,0,30", 1), ("Male,1,20", 1), ("Male,0,30", 1)];
    let single = [("Female,1", 10), ("Female,0", 30), ("Male,1", 20), ("Male,0", 30)];
    let place = Place::new(&[
        ("counts.csv", counts.as_bytes()),
        ("weighted.csv", &table("category,decision,n", &weighted)),
        ("rows.csv", &table("category,decision", &single)),
    ]);
    let gap = "demographic-parity-difference";
    let by_rows = report(&place, "audit rows.csv --score decision --group category");
    for words in [
        "counts.csv --applicants applicants --selected selected --group category",
        "weighted.csv --score decision --count n --group category",
    ] {
        let found = report(&place, &format!("audit {words}"));
        assert_groups(&selected(&found), &[("Female", 40, 0.25), ("Male", 50, 0.4)]);
        assert_near(value(&found, gap), 0.15);
        assert_near(value(&found, "demographic-parity-ratio"), 0.625);
        // The same rows have the same interval, in whatever form they come.
        assert_eq!(found["methods"][0]["summary"], by_rows["methods"][0]["summary"], "{words}");
    }
    let found = audit(&place, "counts.csv --applicants applicants --selected selected --group category");
    assert!(notes(&found).contains("6 of 96 rows have no score"), "{}", notes(&found));
    // Columns that were mixed up, and rows whose count is none.
    let refused = refusal(&place, "audit counts.csv --applicants selected --selected applicants --group category");
    assert!(refused.contains("data row 1") && refused.contains("more were selected"), "{refused}");
    let refused = refusal(&place, "audit weighted.csv --score decision --count category --group category");
    assert!(refused.contains("`Female`") && refused.contains("whole number"), "{refused}");
}

#[test]
fn case_22a_groups_of_numbers_are_one_in_every_file() {
    let march = table("gender,score,hired", &[("1,0.8,1", 3), ("1,0.2,0", 2), ("2,0.8,1", 1), ("2,0.2,0", 4)]);
    let april = table("gender,score,hired", &[("1.0,0.2,0", 5), ("2.0,0.8,1", 5), (",0.9,1", 4)]);
    let place = Place::new(&[("march.csv", &march), ("april.csv", &april)]);
    let files = "march.csv april.csv";
    let found = audit(&place, &format!("{files} --score score --group gender --label hired"));
    assert_groups(&selected(&found), &[("1", 10, 0.3), ("2", 10, 0.6)]);
    assert_eq!(unknown(&found), 4);
    assert_near(value(&found, "demographic-parity-ratio"), 0.5);
    assert!(notes(&found).contains("`1`, `1.0` are taken as one"), "{}", notes(&found));
    let streamed = audit(&place, &format!("{files} --score score --group gender --stream"));
    assert_groups(&selected(&streamed), &[("1", 10, 0.3), ("2", 10, 0.6)]);
    let one = audit(&place, &format!("{files} --score score --group 'gender = 1.0'"));
    assert_eq!(selected(&one).iter().map(|group| group.1).collect::<Vec<_>>(), [10, 10]);
    let cells = tilt(&place, &format!("{files} --label hired --group gender"));
    assert_eq!(cells, [("1".to_owned(), (3, 7)), ("2".to_owned(), (6, 4))].into());
    let ranked = report(&place, &format!("rank {files} --score score --group gender --top 4 --out ranked.csv"));
    assert_eq!(ranked_groups(&ranked), ["1", "2"]);
    succeeds(&place, &format!("balance {files} --group gender --label hired --rows 40 --keep-copies --out made.csv"));
    assert_eq!(counts(&place, "made.csv", b',', &["gender", "hired"]), counted(&[("1 0", 10), ("1 1", 10), ("2 0", 10), ("2 1", 10)]));
}

#[test]
fn case_22b_a_person_counts_once_however_many_rows_there_are() {
    let (mut once, mut tenfold) = ("person,gender,score\n".to_owned(), "person,gender,score\n".to_owned());
    for person in 0..40 {
        let line = format!("p{person},{},{:.3}\n", ["f", "m"][person % 2], (person * 37 % 40) as f64 / 40.0);
        once += &line;
        tenfold += &line.repeat(10);
    }
    let place = Place::new(&[("once.csv", once.as_bytes()), ("tenfold.csv", tenfold.as_bytes())]);
    let found = |words: &str| report(&place, &format!("audit {words} --score score --group gender"));
    let (single, persons, rows) = (found("once.csv"), found("tenfold.csv --person person"), found("tenfold.csv"));
    assert_eq!(single["methods"][0]["summary"], persons["methods"][0]["summary"]);
    assert!(notes(&persons).contains("400 rows are of 40 persons"), "{}", notes(&persons));
    assert_eq!(selected(&rows).iter().map(|group| group.1).sum::<u64>(), 400);
    assert!(notes(&rows).contains("`person` repeats"), "{}", notes(&rows));
}

#[test]
fn case_23_several_answers_are_one_in_any_order() {
    let rows = [
        ("White; Asian,0.8,1", 2),
        ("Asian; White,0.2,0", 1),
        ("White;Asian,0.2,0", 1),
        ("White,0.8,1", 3),
        ("White,0.2,0", 1),
        ("\"Black, White\",0.8,1", 1),
        ("\"White,Black\",0.2,0", 3),
    ];
    let map = "column,from,to\nrace,White; Asian,Two or more races\nrace,\"Black, White\",Two or more races\n";
    let place = Place::new(&[("race.csv", &table("race,score,hired", &rows)), ("map.csv", map.as_bytes())]);
    let found = audit(&place, "race.csv --score score --group race --label hired");
    assert_groups(&selected(&found), &[("Black, White", 4, 0.25), ("White", 4, 0.75), ("White; Asian", 4, 0.5)]);
    assert!(notes(&found).contains("`White; Asian`, `Asian; White`, `White;Asian` are taken as one"), "{}", notes(&found));
    let mapped = "--group race --categories map.csv";
    let found = audit(&place, &format!("race.csv --score score {mapped}"));
    assert_groups(&selected(&found), &[("Two or more races", 8, 0.375), ("White", 4, 0.75)]);
    let streamed = audit(&place, &format!("race.csv --score score {mapped} --stream"));
    assert_groups(&selected(&streamed), &[("Two or more races", 8, 0.375), ("White", 4, 0.75)]);
    let cells = tilt(&place, &format!("race.csv --label hired {mapped}"));
    assert_eq!(cells, [("Two or more races".to_owned(), (3, 5)), ("White".to_owned(), (3, 1))].into());
    let plain = report(&place, "rank race.csv --score score --group race --top 3 --out ranked.csv");
    assert_eq!(ranked_groups(&plain), ["Black, White", "White", "White; Asian"]);
    let joined = report(&place, &format!("rank race.csv --score score {mapped} --top 4 --out ranked.csv"));
    assert_eq!(ranked_groups(&joined), ["Two or more races", "White"]);
    succeeds(&place, "balance race.csv --group race --label hired --rows 12 --out made.csv");
    let made = counts(&place, "made.csv", b',', &["race"]);
    assert_eq!(made, counted(&[("Black, White", 4), ("White", 4), ("White; Asian", 4)]));
    succeeds(&place, &format!("balance race.csv --label hired {mapped} --rows 12 --out made.csv"));
    assert_eq!(counts(&place, "made.csv", b',', &["race"]), counted(&[("Two or more races", 6), ("White", 6)]));
}

#[test]
fn case_24_one_odd_id_does_not_let_the_others_into_made_rows() {
    // 60 ids far apart; in each file one differs.
    type Odd = (&'static str, fn(usize) -> String);
    let odd: [Odd; 5] = [
        ("all of them", |row| (20_000 + row * 7919 % 65_521).to_string()),
        ("one is empty", |row| if row == 31 { String::new() } else { (20_000 + row * 7919 % 65_521).to_string() }),
        ("one says NA", |row| if row == 31 { "NA".to_owned() } else { (20_000 + row * 7919 % 65_521).to_string() }),
        ("one repeats", |row| (20_000 + row.max(1) * 7919 % 65_521).to_string()),
        ("one has letters", |row| if row == 31 { "D-4711".to_owned() } else { (20_000 + row * 7919 % 65_521).to_string() }),
    ];
    for (what, id) in odd {
        let mut text = "applicant_id,gender,test,hired\n".to_owned();
        for row in 0..60 {
            writeln!(text, "{},{},{},{}", id(row), ["man", "woman"][row % 2], row * 17 % 23, row / 2 % 2).unwrap();
        }
        let place = Place::new(&[("ids.csv", text.as_bytes())]);
        let output = place.run("balance ids.csv --group gender --label hired --rows 40 --out made.csv");
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{what}: {told}");
        assert!(told.contains("`applicant_id` is left out"), "{what}: {told}");
        assert!(!written(&place, "made.csv", b',')[0].contains_key("applicant_id"), "{what}");
    }
}

#[test]
fn case_24_names_with_signs_name_columns_and_scales_are_the_persons_own() {
    let header = "Score,Age (>=40),Gender [M=1],Race x Ethnicity,label,age";
    let rows = [("0.8,1,0,g1,4,40+", 3), ("0.2,0,0,g1,2,39", 1), ("0.8,0,1,g1,5,25", 2), ("0.2,1,1,g2,1,61", 3), ("0.8,1,1,g2,3,25", 1)];
    let place = Place::new(&[("signs.csv", &table(header, &rows))]);
    let found = audit(&place, "signs.csv --score Score --group 'Age (>=40)' --group 'Gender [M=1]' --group 'Race x Ethnicity'");
    assert_groups(&by_group(&found, 0, "selection-rate"), &[("0", 3, 2.0 / 3.0), ("1", 7, 4.0 / 7.0)]);
    assert_groups(&by_group(&found, 1, "selection-rate"), &[("0", 4, 0.75), ("1", 6, 0.5)]);
    assert_groups(&by_group(&found, 2, "selection-rate"), &[("g1", 6, 5.0 / 6.0), ("g2", 4, 0.25)]);
    let cut = audit(&place, "signs.csv --score Score --group 'Gender [M=1] = 1' --group 'Age (>=40) x Race x Ethnicity'");
    assert_eq!(by_group(&cut, 0, "selection-rate").iter().map(|group| group.1).collect::<Vec<_>>(), [6, 4]);
    // Whoever is `40+` is above 39, wherever above it.
    let age = audit(&place, "signs.csv --score Score --group 'age >= 40'");
    assert_groups(&selected(&age), &[("age >= 40", 6, 0.5), ("age < 40", 4, 0.75)]);
    for column in ["'Age (>=40)'", "'Gender [M=1]'", "'Race x Ethnicity'"] {
        let words = format!("signs.csv --group {column}");
        tilt(&place, &format!("{words} --label Score"));
        report(&place, &format!("rank {words} --score Score --top 4 --out ranked.csv"));
        succeeds(&place, &format!("balance {words} --method oversampling --label label --label-range 1,5 --out over.csv"));
    }
    // Labels of 1 to 5: from 4 on are 3 of 4 women and 2 of 6 men.
    let words = "signs.csv --group 'Gender [M=1]' --label label --label-range 1,5";
    let found = audit(&place, &format!("{words} --score Score --label-threshold 4"));
    assert_groups(&favoured(&found), &[("0", 4, 0.75), ("1", 6, 2.0 / 6.0)]);
    let cells = tilt(&place, &format!("{words} --threshold 4"));
    assert_eq!(cells, [("0".to_owned(), (3, 1)), ("1".to_owned(), (2, 4))].into());
    let told = succeeds(&place, &format!("skew {words} --threshold 4"));
    assert!(told.contains("label at or above 4") && told.contains("rescaled from 1 to 5"), "{told}");
    // 3 is the middle.
    assert_eq!(tilt(&place, words), [("0".to_owned(), (3, 1)), ("1".to_owned(), (3, 3))].into());
    for words in [format!("skew {words} --threshold 0.75"), format!("audit {words} --score Score --label-threshold 9")] {
        let refused = refusal(&place, &words);
        assert!(refused.contains("labels lie between 1 and 5"), "{refused}");
    }
    let refused = refusal(&place, "audit signs.csv --score Score --group 'Gender [M=1]' --label label");
    assert!(refused.contains("column `label`, data row 1"), "{refused}");
}

/// Wordings in which forms and programs say that a group is not known.
const DECLINED: [&str; 42] = [
    "Decline to self-identify",
    "Decline To State",
    "Declined to answer",
    "I decline to self identify",
    "I do not wish to answer",
    "I don't wish to answer",
    "I do not want to answer",
    "Do not wish to disclose",
    "Prefer not to say",
    "Prefer Not to Answer",
    "prefer not to disclose",
    "I prefer not to say",
    "I'd rather not say",
    "Choose not to disclose",
    "I choose not to self-identify",
    "Not specified",
    "Not disclosed",
    "Not stated",
    "Not provided",
    "Not Available",
    "Not Applicable",
    "Undisclosed",
    "Unspecified",
    "Unknown",
    "N/A",
    "n/a",
    "-",
    "#N/A",
    "(blank)",
    "Missing",
    "No response",
    "No answer",
    "None",
    "keine Angabe",
    "Möchte ich nicht angeben",
    "I would prefer not to say",
    "I wish not to answer",
    "Did not answer",
    "Information not provided",
    "Je préfère ne pas répondre",
    "Prefiero no decirlo",
    "Prefiro não responder",
];

#[test]
fn case_25_whoever_declines_is_no_group() {
    let mut text = String::from_utf8(table(
        "gender,decision,score",
        &[("Female,1,0.8", 5), ("Female,0,0.2", 5), ("Male,1,0.8", 6), ("Male,0,0.2", 4)],
    ))
    .unwrap();
    for wording in DECLINED {
        writeln!(text, "\"{wording}\",0,0.9").unwrap();
    }
    let place = Place::new(&[("eeo.csv", text.as_bytes())]);
    let found = audit(&place, "eeo.csv --score decision --group gender");
    assert_groups(&selected(&found), &[("Female", 10, 0.5), ("Male", 10, 0.6)]);
    assert_near(value(&found, "demographic-parity-ratio"), 5.0 / 6.0);
    assert_eq!(unknown(&found), DECLINED.len() as u64);
    assert!(notes(&found).contains("the group of 42 rows is unknown"), "{}", notes(&found));
    let streamed = audit(&place, "eeo.csv --score decision --group gender --stream");
    assert_groups(&selected(&streamed), &[("Female", 10, 0.5), ("Male", 10, 0.6)]);
    let cells = tilt(&place, "eeo.csv --label decision --group gender");
    assert_eq!(cells, [("Female".to_owned(), (5, 5)), ("Male".to_owned(), (6, 4))].into());
    let ranked = report(&place, "rank eeo.csv --score score --group gender --top 10 --out ranked.csv");
    assert_eq!(ranked_groups(&ranked), ["Female", "Male"]);
    succeeds(&place, "balance eeo.csv --group gender --label decision --rows 20 --out made.csv");
    let made = counts(&place, "made.csv", b',', &["gender", "decision"]);
    assert_eq!(made, counted(&[("Female 0", 5), ("Female 1", 5), ("Male 0", 5), ("Male 1", 5)]));
    succeeds(&place, "balance eeo.csv --group gender --label decision --method oversampling --out over.csv");
    // The four known cells grow to 6 rows each, whoever is of no known group stays.
    assert_eq!(written(&place, "over.csv", b',').len(), 4 * 6 + DECLINED.len());
    // Answers that only look like one of those are groups.
    let others = [("Other,1", 2), ("Non-binary,1", 2), ("Nonwhite,0", 2), ("Native American,0", 2), ("Not Hispanic or Latino,0", 2)];
    let place = Place::new(&[("others.csv", &table("group,decision", &others))]);
    let found = audit(&place, "others.csv --score decision --group group");
    assert_eq!((selected(&found).len(), unknown(&found)), (5, 0));
}

#[test]
fn case_28_numbers_with_a_sign_are_learned() {
    let mut percent = "gender,test,hired\n".to_owned();
    for row in 0..80_usize {
        let (gender, hired) = (["f", "m"][row % 2], row / 2 % 2);
        writeln!(percent, "{gender},{}.{}%,{hired}", 20 + row * 31 % 60, row * 7 % 10).unwrap();
    }
    let place = Place::new(&[("percent.csv", percent.as_bytes())]);
    succeeds(&place, "balance percent.csv --group gender --label hired --rows 80 --out made.csv");
    for row in written(&place, "made.csv", b',') {
        let number: f64 = row["test"].strip_suffix('%').unwrap().parse().unwrap();
        assert!((20.0..80.0).contains(&number), "{row:?}");
    }
}

/// A Parquet file of the columns gender (f, f, m, m) and score (0.25, 0.75, 0.5, 1), without compression.
const PARQUET: &str = "504152311500153415342c15081500150615061c00000002000000080101000000660100000066010000006d010000006d1500154c154c2c\
    15081500150615061c000000020000000801000000000000d03f000000000000e83f000000000000e03f000000000000f03f1504193c35001806736368656d6115040\
    0150c2502180667656e64657225004c1c000000150a2502180573636f7265001608191c192c26001c150c1925060019180667656e64657215001608165a165a26084\
    91c150015001502003c160819061926000800000026001c150a1925060019180573636f726515001608167216722662491c150015001502003c290619260008000000\
    16cc011608260816cc01002820706172717565742d6370702d6172726f772076657273696f6e2032362e302e31192c1c00001c000000cb00000050415231";

#[test]
fn damaged_parquet_files_are_errors_and_no_panics() {
    let digits: Vec<char> = PARQUET.chars().filter(|letter| !letter.is_whitespace()).collect();
    let whole: Vec<u8> = digits.chunks(2).map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).unwrap()).collect();
    let place = Place::new(&[("whole.parquet", &whole)]);
    assert_groups(&selected(&audit(&place, "whole.parquet --score score --group gender")), &[("f", 2, 0.5), ("m", 2, 0.5)]);
    let damaged = |name: String, bytes: Vec<u8>| {
        std::fs::write(place.path().join("damaged.parquet"), bytes).unwrap();
        let output = place.run("audit damaged.parquet --score score --group gender --level 0");
        let told = stderr(&output);
        assert!(matches!(output.status.code(), Some(0 | 2)) && !told.contains("panicked"), "{name}: {told}");
        output.status.code()
    };
    for cut in (0..whole.len()).step_by(53) {
        assert_eq!(damaged(format!("the first {cut} bytes"), whole[..cut].to_vec()), Some(2));
    }
    for place in (4..whole.len()).step_by(9) {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x5A;
        damaged(format!("byte {place}"), bytes);
    }
}

#[test]
fn balanced_rows_are_those_of_the_file_though_some_have_no_label() {
    let place =
        Place::new(&[("open.csv", b"id,sex,hired\nu1,F,\nu2,M,\nf1,F,1\nf2,F,0\nf3,F,0\nf4,F,0\nm1,M,1\nm2,M,1\nm3,M,1\nm4,M,0\n")]);
    succeeds(&place, "balance open.csv --group sex --label hired --method oversampling --out even.csv");
    let text = std::fs::read_to_string(place.path().join("even.csv")).unwrap();
    let count = |sex: &str, hired: &str| text.lines().filter(|line| line.ends_with(&format!(",{sex},{hired}"))).count();
    // Three of four women were rejected and three of four men hired: each other cell becomes three as well.
    assert_eq!([count("F", "1"), count("F", "0"), count("M", "1"), count("M", "0"), count("F", ""), count("M", "")], [3, 3, 3, 3, 0, 0]);
    succeeds(&place, "balance open.csv --group sex --label hired --method reweighing --out weighed.csv");
    let text = std::fs::read_to_string(place.path().join("weighed.csv")).unwrap();
    // The one hired woman of four: 4/8 x 4/8 of all are expected, 1/8 is there.
    assert!(text.contains("f1,F,1,2\n") && !text.contains("u1"), "{text}");
}

#[test]
fn favourable_codes_are_decisions() {
    let place = Place::new(&[("codes.csv", &table("g,rejected", &[("F,0", 8), ("F,1", 2), ("M,0", 4), ("M,1", 6)]))]);
    let found = audit(&place, "codes.csv --score rejected --group g --favourable 0");
    assert_groups(&selected(&found), &[("F", 10, 0.8), ("M", 10, 0.4)]);
    assert!(refusal(&place, "audit codes.csv --score rejected --group g --favourable 2").contains("`2` does not occur"));
    let place = Place::new(&[("other.csv", &table("g,code", &[("F,1", 3), ("F,2", 1), ("M,1", 1), ("M,2", 3)]))]);
    let found = audit(&place, "other.csv --score code --group g --favourable 2");
    assert_groups(&selected(&found), &[("F", 4, 0.25), ("M", 4, 0.75)]);
}

#[test]
fn points_that_may_be_thousands_are_refused_until_it_is_said() {
    let place = Place::new(&[("points.csv", b"id;g;s\n1;F;620\n2;F;1.520\n3;M;1.400\n4;M;340\n")]);
    for words in ["audit points.csv --score s --group g --range 0,2000", "audit points.csv --score s --group g --range 0,2000 --stream"] {
        let refused = refusal(&place, words);
        assert!(refused.contains("`1.520`") && refused.contains("decimal"), "{refused}");
    }
    let found = audit(&place, "points.csv --score s --group g --range 0,2000 --decimal comma");
    assert_groups(&selected(&found), &[("F", 2, 0.5), ("M", 2, 0.5)]);
    let found = audit(&place, "points.csv --score s --group g --range 0,2000 --decimal point");
    assert_groups(&selected(&found), &[("F", 2, 0.0), ("M", 2, 0.0)]);
    let ranked = "rank points.csv --score s --group g --top 2 --decimal comma --out ranked.csv";
    succeeds(&place, ranked);
    let text = std::fs::read_to_string(place.path().join("ranked.csv")).unwrap();
    assert!(text.lines().nth(1).unwrap().starts_with("2;F;"), "{text}");
}

#[test]
fn a_person_who_was_selected_once_was_selected() {
    let place = Place::new(&[("persons.csv", b"p,sex,st\n1,F,Hired\n1,F,Rejected\n2,F,Rejected\n3,M,Hired\n4,M,Rejected\n")]);
    let words = "persons.csv --score st --group sex --person p";
    assert_groups(&selected(&audit(&place, words)), &[("F", 2, 0.5), ("M", 2, 0.5)]);
    let told = succeeds(&place, &format!("audit {words}"));
    assert!(told.contains("1 of them have different decisions, of which the best counts"), "{told}");
}

#[test]
fn a_stream_tells_what_it_leaves_out() {
    let place = Place::new(&[(
        "stages.csv",
        &table("g,stage,scale", &[("F,Hired,a", 3), ("F,Rejected,a", 3), ("M,Hired,a", 2), ("M,Pending,a", 2), ("M,Hired,b", 1)]),
    )]);
    let words = "audit stages.csv --score stage --group g --where scale=a --level 0";
    for words in [words.to_owned(), format!("{words} --stream")] {
        let told = succeeds(&place, &words);
        for note in ["10 of 11 rows are kept", "2 of 10 rows have no score and are left out", "`Hired` counts as selected"] {
            assert!(told.contains(note), "{words}: {note}: {told}");
        }
    }
}

#[test]
fn missing_texts_are_known_in_any_spelling_and_totals_are_told() {
    let place = Place::new(&[("odd.csv", b"g,w\nF,-9.0\nF,0.4\nM,0.6\nM,0.7\n\\N,0.1\nf\xe2\x80\x8b,0.9\nTotal,0.5\n,0.2\n")]);
    let found = audit(&place, "odd.csv --score w --group g --missing -9 --skip-unscored");
    assert_groups(&selected(&found), &[("F", 2, 0.5), ("M", 2, 1.0), ("Total", 1, 0.0)]);
    let told = succeeds(&place, "audit odd.csv --score w --group g --missing -9 --skip-unscored --level 0");
    assert!(told.contains("`Total` reads like rows of totals"), "{told}");
}
