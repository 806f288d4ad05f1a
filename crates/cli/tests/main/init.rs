//! `evenhand init`: a table in, a recipe out that the other commands take as it stands.

use std::fmt::Write as _;
use std::fs;

use crate::command::{Place, stderr, stdout};

/// Made-up candidates: what identifies them, what they can do, what comes after the decision.
fn candidates(rows: usize) -> String {
    let mut text =
        "candidate_id,first_name,contact,applied,zip,age,gender,site,job,years,test,bonus,club,panel,rating,hired,badge\n".to_owned();
    // Numbers without a pattern from one row to the next.
    let mut state = 1_u64;
    let mut drawn = |most: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % most
    };
    for row in 0..rows {
        let (woman, skill) = (drawn(2) == 0, drawn(60));
        let (years, noise) = (drawn(20), drawn(30));
        let rating = (skill + noise + if woman { 0 } else { 10 }).min(100);
        let gender = [["man", "Man", "n/d"], ["woman", "WOMAN", "female"]][usize::from(woman)][[0, 0, 0, 1, 2][drawn(5) as usize]];
        let club = if drawn(4) == 0 { "chess" } else { ["football", "choir"][usize::from(woman)] };
        let test = if drawn(20) == 0 { String::new() } else { (skill + drawn(20)).to_string() };
        let _ = writeln!(
            text,
            "C{},Person{},p{row}@example.org,2025-0{}-1{},0{},{},{gender},{},{},{years},{test},\"€1,{:03}\",{club},{:.1},{rating},{},{}",
            5000 + 7 * row,
            ["a", "b", "c", "d"][drawn(4) as usize],
            1 + drawn(9),
            drawn(9),
            1000 + drawn(9000),
            20 + drawn(45),
            ["north", "south"][drawn(2) as usize],
            ["clerk", "nurse", "cook"][drawn(3) as usize],
            drawn(1000),
            rating as f64 / 10.0 + drawn(3) as f64 / 10.0,
            if rating > 60 { "yes" } else { "no" },
            if rating > 60 { format!("{}", drawn(900)) } else { String::new() },
        );
    }
    text
}

fn place(rows: usize) -> Place {
    Place::new(&[("people.csv", candidates(rows).as_bytes()), ("map.csv", b"column,from,to\ngender,female,woman\n")])
}

fn report(place: &Place, folder: &str) -> serde_json::Value {
    serde_json::from_slice(&fs::read(place.path().join(folder).join("report.json")).unwrap()).unwrap()
}

/// The recipe with other lines, as a file.
fn changed(place: &Place, name: &str, changes: &[(&str, &str)]) {
    let mut text = fs::read_to_string(place.path().join("people.toml")).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from} is not in\n{text}");
        text = text.replace(from, to);
    }
    fs::write(place.path().join(name), text).unwrap();
}

/// Less to train, for a test.
const QUICK: [(&str, &str); 2] = [("seeds = [0, 1, 2]", "seeds = [0]"), ("epochs = 40", "epochs = 2")];

#[test]
fn a_table_becomes_a_recipe_that_every_command_takes() {
    let place = place(400);
    let output = place.run("init people.csv --yes --categories map.csv --missing n/d --where site=north --where site=south");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let recipe = fs::read_to_string(place.path().join("people.toml")).unwrap();
    insta::assert_snapshot!(format!("{}\n{}\n{recipe}", stdout(&output), stderr(&output)));

    changed(&place, "quick.toml", &QUICK);
    let output = place.run("compare quick.toml --out compared");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let read = report(&place, "compared");
    // The recipe reads the rows and groups that were proposed.
    let notes = read["data"]["notes"].to_string();
    assert!(notes.contains("400 of 400 rows are kept: `site` = `north`, `site` = `south`"), "{notes}");
    for column in ["first_name", "contact", "applied", "zip"] {
        assert!(notes.contains(&format!("`{column}` is left out of the inputs: ")), "{column}: {notes}");
    }
    assert!(notes.contains("the inputs tell `man` (gender) from all others: ROC AUC 0."), "{notes}");
    let page = fs::read_to_string(place.path().join("compared/report.html")).unwrap();
    assert!(page.contains("is left out of the inputs: 400 of 400 values are e-mail addresses"));

    let output = place.run("sweep quick.toml --over objective.lambda_w=0.01,0.1 --limit spdd@gender=0.9 --out swept");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let model = place.files().into_iter().find(|file| file.starts_with("swept/models/")).unwrap();
    let model = model.split('/').take(3).collect::<Vec<_>>().join("/");
    let output = place.run(&format!("score {model} people.csv --out scores.csv"));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let scores = fs::read_to_string(place.path().join("scores.csv")).unwrap();
    assert_eq!(scores.lines().count(), 401);
    // Ratings and scores on the ratings' own scale.
    let numbers: Vec<(f64, f64)> = scores
        .lines()
        .skip(1)
        .map(|line| {
            let fields: Vec<&str> = line.rsplitn(3, ',').collect();
            (fields[1].parse().unwrap(), fields[0].parse().unwrap())
        })
        .collect();
    assert!(numbers.iter().all(|(rating, score)| rating.fract() == 0.0 && (0.0..=100.0).contains(score)), "{scores}");
    assert!(numbers.iter().any(|(rating, score)| *rating > 50.0 && *score > 1.0), "{scores}");
    assert!(stderr(&output).contains("the scores lie from 0 to 100, as the labels do"), "{}", stderr(&output));
    let output = place.run("audit scores.csv --score score --range 0,100 --label rating --label-range 0,100 --group gender --out audited");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn what_was_left_out_is_an_input_once_it_is_named() {
    let place = place(200);
    assert_eq!(place.run("init people.csv --yes").status.code(), Some(0));
    let read = |name: &str, more: &[(&str, &str)]| {
        changed(&place, name, &[&QUICK[..], more].concat());
        let output = place.run(&format!("run {name} --out {name}.out"));
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        report(&place, &format!("{name}.out"))["data"]["notes"].to_string()
    };
    let notes = read("included.toml", &[("include = []", "include = [\"zip\"]"), ("\"panel\", ", "")]);
    assert!(!notes.contains("`zip` is left out") && notes.contains("`contact` is left out"), "{notes}");
    assert!(notes.contains("input `panel`: it is nearly the label `rating` ("), "{notes}");
    let notes = read("named.toml", &[("include = []", "include = []\nfeatures = [\"contact\", \"test\"]")]);
    assert!(!notes.contains("is left out of the inputs"), "{notes}");
    changed(&place, "unknown.toml", &[("include = []", "include = [\"zap\"]")]);
    let output = place.run("run unknown.toml --out unknown");
    assert!(output.status.code() == Some(2) && stderr(&output).contains("zap"), "{}", stderr(&output));
}

#[test]
fn the_proposal_is_given_as_json_and_follows_what_is_asked_for() {
    let place = place(200);
    let output = place.run("init people.csv --yes --json --label hired --sensitive 'gender x site' --out new/recipe.toml");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["label"], serde_json::json!({ "column": "hired", "range": null, "favourable": [] }));
    assert_eq!(told["sensitive"][0][0], "gender x site");
    let reason = |column: &str| {
        let all = ["excluded", "left_out"].into_iter().flat_map(|key| told[key].as_array().unwrap());
        all.clone().find(|found| found["column"] == column).map(|found| found["reason"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    // `hired` is `rating` above 60, and a badge is for those who were hired.
    assert!(reason("rating").starts_with("it is nearly the label `hired` (ROC AUC 1.000"), "{told}");
    assert!(reason("badge").starts_with("it is filled in for high labels `hired` alone"), "{told}");
    assert_eq!(reason("age"), "by its name a sensitive attribute, which was not asked for");
    let inputs: Vec<&str> = told["inputs"].as_array().unwrap().iter().map(|input| input.as_str().unwrap()).collect();
    assert_eq!(inputs, ["years", "test", "bonus", "club"]);
    // From another folder the table is found all the same.
    let text = fs::read_to_string(place.path().join("new/recipe.toml")).unwrap();
    fs::write(place.path().join("new/recipe.toml"), text.replace("epochs = 40", "epochs = 1").replace("[0, 1, 2]", "[0]")).unwrap();
    assert_eq!(place.run("run new/recipe.toml --out out").status.code(), Some(0));
}

#[test]
fn what_cannot_become_a_recipe_is_refused_with_the_remedy() {
    let people = candidates(60);
    let few: String = candidates(9);
    let place = Place::new(&[
        ("people.csv", people.as_bytes()),
        ("few.csv", few.as_bytes()),
        ("people.toml", b"# mine\n"),
        ("words.csv", b"gender,years,verdict\nf,1,good\nm,2,bad\nf,3,good\nm,4,bad\n"),
        ("equal.csv", format!("gender,years,rating\n{}", "f,1,50\nm,2,50\n".repeat(30)).as_bytes()),
        ("plain.csv", format!("years,rating\n{}", "1,50\n2,60\n".repeat(30)).as_bytes()),
        ("bare.csv", format!("gender,email,rating\n{}", "f,a@b.org,50\nm,c@d.org,60\n".repeat(30)).as_bytes()),
    ]);
    let before = place.files();
    let mut told = String::new();
    for (what, words) in [
        ("a recipe that is there", "init people.csv --yes"),
        ("the table itself", "init people.csv --yes --force --out people.csv"),
        ("a table that is not there", "init persons.csv --yes"),
        ("standard input", "init - --yes --out new.toml"),
        ("an unknown label", "init people.csv --yes --label ratings --out new.toml"),
        ("an unknown attribute", "init people.csv --yes --sensitive sex --out new.toml"),
        ("no label", "init words.csv --yes"),
        ("no label of two known words", "init words.csv --yes --label verdict"),
        ("no attribute", "init plain.csv --yes"),
        ("few rows", "init few.csv --yes"),
        ("one label", "init equal.csv --yes --label rating"),
        ("no input", "init bare.csv --yes"),
    ] {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(2), "{what}: {}", stdout(&output));
        let _ = write!(told, "## {what}\n$ evenhand {words}\n{}\n", stderr(&output));
    }
    assert_eq!(place.files(), before);
    assert_eq!(fs::read(place.path().join("people.toml")).unwrap(), b"# mine\n");
    insta::assert_snapshot!(told);
    // With the favourable word the same table has a label; its four rows are told.
    assert!(stderr(&place.run("init words.csv --yes --label verdict --favourable good")).contains("4 rows with a label are too few"));
}

#[test]
fn a_column_is_what_its_whole_name_says() {
    let mut text = "JobInvolvement,JobRole,years_in_current_role,weight_kg,account_age,dob,gender,rating\n".to_owned();
    for row in 0..240_u64 {
        let drawn = |most: u64, salt: u64| (row.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(salt * 977) >> 33) % most;
        let _ = writeln!(
            text,
            "{},{},{},{},{},19{}0{}1{},{},{}",
            1 + drawn(4, 1),
            ["clerk", "nurse", "cook"][drawn(3, 2) as usize],
            drawn(18, 3),
            50 + drawn(50, 4),
            15 + drawn(60, 5),
            60 + drawn(40, 6),
            1 + drawn(9, 7),
            drawn(10, 8),
            ["f", "m"][drawn(2, 9) as usize],
            drawn(6, 10),
        );
    }
    let place = Place::new(&[("staff.csv", text.as_bytes())]);
    let output = place.run("init staff.csv --yes --json");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["job"], &told["weight"]), (&"JobRole".into(), &serde_json::Value::Null), "{told}");
    assert_eq!(told["label"]["range"], serde_json::json!([0.0, 5.0]));
    let sensitive: Vec<&str> = told["sensitive"].as_array().unwrap().iter().map(|role| role[0].as_str().unwrap()).collect();
    assert_eq!(sensitive, ["gender"]);
    let inputs: Vec<&str> = told["inputs"].as_array().unwrap().iter().map(|input| input.as_str().unwrap()).collect();
    assert_eq!(inputs, ["JobInvolvement", "years_in_current_role", "weight_kg", "account_age"]);
}
