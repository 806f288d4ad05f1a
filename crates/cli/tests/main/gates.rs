//! The gates before and after the model, on a file as a spreadsheet writes it: byte order mark, semicolons, decimal commas, empty lines, three genders.

use std::fmt::Write as _;

use crate::command::{Place, stderr, stdout};

/// 240 candidates for 8 jobs; men score higher. 41 ages go round apart from jobs and genders, so that no age settles one of those.
fn export() -> String {
    let mut text = "\u{feff}Bewerber;Stelle;Geschlecht;Punkte;Alter;eingestellt\r\n".to_owned();
    for row in 0..240_u32 {
        let gender = match row * 7 % 20 {
            0..=7 => "Frau",
            8..=18 => "Mann",
            _ => "keine Angabe (divers)",
        };
        let score = 40 + row * 37 % 50 + if gender == "Mann" { 9 } else { 0 };
        let hired = if score > 70 { "ja" } else { "nein" };
        let decimal = if row % 10 == 0 { String::new() } else { format!(",{}", row % 10) };
        let _ = write!(text, "B-{row:03};Stelle {};{gender};{score}{decimal};{};{hired}\r\n", row % 8, 20 + row * 13 % 41);
        if row == 5 {
            text.push_str(";;;;;\r\n\r\n");
        }
    }
    text
}

#[test]
fn a_spreadsheet_is_ranked_and_keeps_its_look() {
    let place = Place::new(&[("export.csv", export().as_bytes())]);
    let output = place.run(
        "rank export.csv --score Punkte --group Geschlecht --job Stelle --label eingestellt --favourable ja --top 8 --target \
         'Frau=0.45,Mann=0.5,keine Angabe (divers)=0.05' --out ranked.csv --report report",
    );
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("1 of 241 rows are empty in every column and were skipped"), "{}", stderr(&output));
    let ranked = std::fs::read_to_string(place.path().join("ranked.csv")).unwrap();
    let mut lines = ranked.split("\r\n");
    assert_eq!(lines.next(), Some("\u{feff}Bewerber;Stelle;Geschlecht;Punkte;Alter;eingestellt;rank_by_score;rank;shortlisted;reason"));
    let rows: Vec<Vec<&str>> = lines.filter(|line| !line.is_empty()).map(|line| line.split(';').collect()).collect();
    assert_eq!(rows.len(), 240);
    for job in 0..8 {
        let of: Vec<&Vec<&str>> = rows.iter().filter(|row| row[1] == format!("Stelle {job}")).collect();
        let ranks: Vec<usize> = of.iter().map(|row| row[7].parse().unwrap()).collect();
        assert_eq!(ranks, (1..=of.len()).collect::<Vec<_>>(), "rows of a job stand in their new order");
        let mut by_score: Vec<usize> = of.iter().map(|row| row[6].parse().unwrap()).collect();
        by_score.sort_unstable();
        assert_eq!(by_score, ranks, "every rank by score is given once");
        let shortlist: Vec<&&Vec<&str>> = of.iter().filter(|row| row[8] == "yes").collect();
        assert_eq!(shortlist.len(), 8);
        // 45 % of 8 places are 3.6: 3 women in every shortlist, but where those of 5 %, who have no whole place to claim, keep what the order by score gives them.
        let kept = shortlist.iter().any(|row| row[9].starts_with("kept, as by score keine Angabe (divers) has no fewer"));
        assert!(kept || shortlist.iter().filter(|row| row[2] == "Frau").count() >= 3);
        let diverse = |rows: &[&&Vec<&str>]| rows.iter().filter(|row| row[2] == "keine Angabe (divers)").count();
        let mut best: Vec<&&Vec<&str>> = of.iter().collect();
        best.sort_by_key(|row| row[6].parse::<usize>().unwrap());
        assert!(diverse(&shortlist) >= diverse(&best[..8]));
        assert!(shortlist.iter().all(|row| !row[9].is_empty()), "every place has its reason");
    }
    assert!(rows.iter().any(|row| row[9].starts_with("floor for Frau at")), "{rows:?}");
    let export = export();
    let lines: std::collections::HashSet<&str> = export.lines().collect();
    assert!(rows.iter().all(|row| lines.contains(row[..6].join(";").as_str())), "what was in the file stays as it was written");
    let page = std::fs::read_to_string(place.path().join("report/report.html")).unwrap();
    assert!(page.contains("Shortlists before and after") && page.contains("keine Angabe (divers)"));
    assert!(stdout(&output).contains("NDKL"), "{}", stdout(&output));
}

#[test]
fn a_column_of_targets_rules_each_job() {
    let mut text = "job,gender,score,target\n".to_owned();
    for row in 0..40 {
        let (job, gender) = (if row < 20 { "guard" } else { "nurse" }, if row % 4 == 0 { "f" } else { "m" });
        let target = if job == "guard" { "\"f=0.2,m=0.8\"" } else { "equal" };
        let _ = writeln!(text, "{job},{gender},0.{:02},{target}", 99 - row);
    }
    let place = Place::new(&[("jobs.csv", text.as_bytes())]);
    let output = place.run("rank jobs.csv --score score --group gender --job job --top 10 --target-column target --method det-greedy");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let ranked = std::fs::read_to_string(place.path().join("ranked.csv")).unwrap();
    let women = |job: &str| ranked.lines().filter(|line| line.starts_with(&format!("{job},f")) && line.contains(",yes,")).count();
    assert_eq!((women("guard"), women("nurse")), (2, 5), "a fifth of ten places, and half of ten");
}

#[test]
fn rows_are_made_in_the_wanted_shares() {
    let place = Place::new(&[("export.csv", export().as_bytes())]);
    let command = "balance export.csv --group Geschlecht --label eingestellt --favourable ja --rows 600 --groups 'Frau=0.5,Mann=0.5,keine Angabe \
                   (divers)=0' --out made.csv --report report";
    let output = place.run(command);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("column `Bewerber` is left out"), "{}", stderr(&output));
    let made = std::fs::read_to_string(place.path().join("made.csv")).unwrap();
    let mut lines = made.split("\r\n");
    assert_eq!(lines.next(), Some("\u{feff}Stelle;Geschlecht;Punkte;Alter;eingestellt"));
    let rows: Vec<Vec<&str>> = lines.filter(|line| !line.is_empty()).map(|line| line.split(';').collect()).collect();
    for (gender, hired) in [("Frau", "ja"), ("Frau", "nein"), ("Mann", "ja"), ("Mann", "nein")] {
        assert_eq!(rows.iter().filter(|row| row[1] == gender && row[4] == hired).count(), 150, "{gender} {hired}");
    }
    assert_eq!(rows.len(), 600);
    let told = stdout(&output);
    for part in ["rows of each group", "how like the real rows", "how near to single rows", "judged on held-out real rows"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(std::fs::read_to_string(place.path().join("report/report.html")).unwrap().contains("Made rows"));
    std::fs::rename(place.path().join("made.csv"), place.path().join("first.csv")).unwrap();
    assert_eq!(place.run(command).status.code(), Some(0));
    assert_eq!(
        std::fs::read_to_string(place.path().join("first.csv")).unwrap(),
        std::fs::read_to_string(place.path().join("made.csv")).unwrap()
    );
}

#[test]
fn rows_are_left_out_repeated_or_weighed_with_all_their_columns() {
    let place = Place::new(&[("export.csv", export().as_bytes())]);
    let base = "balance export.csv --group Geschlecht --label eingestellt --favourable ja";
    for (method, lines) in [("oversampling", 241..5000), ("rejection-sampling", 20..240), ("reweighing", 241..242)] {
        let output = place.run(&format!("{base} --method {method} --out {method}.csv"));
        assert_eq!(output.status.code(), Some(0), "{method}: {}", stderr(&output));
        let text = std::fs::read_to_string(place.path().join(format!("{method}.csv"))).unwrap();
        let header = text.lines().next().unwrap();
        let weight = if method == "reweighing" { ";weight" } else { "" };
        assert_eq!(header.trim_end(), format!("\u{feff}Bewerber;Stelle;Geschlecht;Punkte;Alter;eingestellt{weight}"));
        assert!(lines.contains(&text.lines().count()), "{method}: {} lines", text.lines().count());
    }
}

#[test]
fn nothing_that_is_not_its_own_is_replaced_or_removed() {
    let place = Place::new(&[("data.fit", export().as_bytes()), ("mine.fit", b"mine"), ("g/a.csv", export().as_bytes()), ("g/b.csv", b"")]);
    let base = "--group Geschlecht --label eingestellt --favourable ja --rows 60";
    for out in ["data.csv", "made.fit", "mine.csv"] {
        let output = place.run(&format!("balance data.fit {base} --out {out}"));
        assert_eq!(output.status.code(), Some(0), "{out}: {}", stderr(&output));
        assert!(place.path().join(out).is_file(), "{out} was written and stays");
    }
    assert!(place.path().join("data.fit").is_file() && place.path().join("mine.fit").is_file());
    assert!(place.files().iter().all(|file| !file.contains("evenhand-fit")), "{:?}", place.files());
    let before = std::fs::read(place.path().join("g/a.csv")).unwrap();
    let refused = place.run("rank 'g/a*.csv' --score Punkte --group Geschlecht --out g/a.csv");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("would replace the input"), "{}", stderr(&refused));
    assert_eq!(std::fs::read(place.path().join("g/a.csv")).unwrap(), before);
}

#[test]
fn a_repaired_model_needs_the_group_to_score() {
    let table: String = std::iter::once("years,test,gender,hired\n".to_owned())
        .chain((0..400_u32).map(|row| {
            let (gender, test) = (if row % 3 == 0 { "f" } else { "m" }, row * 37 % 100);
            let lift = if gender == "m" { 20 } else { 0 };
            format!("{},{},{gender},{}\n", row % 9, test + lift, u32::from(test + lift + row % 7 > 60))
        }))
        .collect();
    let recipe = "name = \"x\"\n[data]\nloader = \"table\"\nfiles = [\"t.csv\"]\nlabel = { column = \"hired\" }\nsensitive = [{ column = \"gender\" \
                  }]\n[training]\nepochs = 20\n[[method]]\nname = \"plain\"\n[[method]]\nname = \"repaired\"\nrepair = \"quantile-repair\"\n";
    let place = Place::new(&[
        ("t.csv", table.as_bytes()),
        ("r.toml", recipe.as_bytes()),
        ("new.csv", b"years,test\n3,50\n"),
        ("known.csv", b"years,test,gender\n3,50,f\n3,50,m\n"),
    ]);
    let output = place.run("compare r.toml --out both --json");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let spdd = |method: usize| {
        let findings = report["methods"][method]["runs"][0]["attributes"][0]["findings"].as_array().unwrap();
        findings.iter().find(|finding| finding["metric"] == "spdd").unwrap()["estimate"]["value"].as_f64().unwrap()
    };
    assert!(spdd(1) < 0.5 * spdd(0), "{} {}", spdd(1), spdd(0));
    assert_eq!(report["methods"][1]["attribute_to_score"], true);
    assert_eq!(place.run("run r.toml --method repaired --out out").status.code(), Some(0));
    let refused = place.run("score out/models/repaired__seed_0 new.csv");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("add the column of `gender`"), "{}", stderr(&refused));
    let scored = place.run("score out/models/repaired__seed_0 known.csv");
    assert_eq!(scored.status.code(), Some(0), "{}", stderr(&scored));
    let text = std::fs::read_to_string(place.path().join("scores.csv")).unwrap();
    let scores: Vec<f64> = text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect();
    assert!(scores[0] > scores[1], "one test result means more of the group that is scored lower: {text}");
}

#[test]
fn gates_stand_in_a_recipe() {
    let recipe = r#"
name = "gates"
seeds = [1]
[data]
loader = { id = "synthetic-jobs", jobs = 40, applicants = 40, bias = 1.0, segregation = 0.0 }
[split]
together = "job"
kind = "hold-out"
[training]
epochs = 3
[intervals]
replicates = 20
[shortlist]
top = 5
[[method]]
name = "plain"
[[method]]
name = "reranked"
rerank = "det-greedy"
[[method]]
name = "made"
sample = { id = "rejection-sampling", shares = "female=0.2, male=0.8" }
synthesise = { method = "gaussian-copula", rows = 400 }
rerank = "det-greedy"
[[method]]
name = "sampled, as made"
sample = { id = "rejection-sampling", shares = "female=0.2, male=0.8" }
[[method]]
name = "even"
sample = { id = "rejection-sampling", shares = "equal" }
"#;
    let place = Place::new(&[("gates.toml", recipe.as_bytes())]);
    let output = place.run("compare gates.toml --out out --json");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
    let lists = |method: usize| &report["methods"][method]["runs"][0]["shortlists"];
    let ndkl = |method: usize, order: &str| {
        let findings = lists(method)[order].as_array().unwrap();
        findings.iter().find(|finding| finding["metric"] == "ndkl").unwrap()["estimate"]["value"].as_f64().unwrap()
    };
    assert!(lists(0).get("after").is_none());
    assert_eq!(ndkl(0, "before"), ndkl(1, "before"), "the same scorer stands behind both");
    // With one of two groups at the first of five places it cannot be lower: (ln 2 + KL(2/3) / 2 + KL(3/5) / log2 6) / Z = 0.2473.
    assert!((ndkl(1, "after") - 0.2473).abs() < 1e-4, "{}", ndkl(1, "after"));
    assert!(ndkl(1, "before") > 0.3, "{}", ndkl(1, "before"));
    let made = &report["methods"][2]["runs"][0]["synthesis"];
    assert!(made["cells"].as_array().unwrap().iter().all(|cell| cell["rows"] == 100), "{made}");
    assert!(report["methods"][2]["runs"][0]["sizes"]["test"].as_u64() < report["methods"][0]["runs"][0]["sizes"]["test"].as_u64());
    let stages: Vec<&str> = report["data"]["tilt"].as_array().unwrap().iter().map(|tilt| tilt["stage"].as_str().unwrap()).collect();
    assert_eq!(
        stages,
        [
            "as loaded",
            "training rows after rejection-sampling (shares = female=0.2, male=0.8)",
            "training rows after rejection-sampling (shares = equal)",
            "rows made for made"
        ]
    );
    // Methods are compared where they share their test rows: the first two, and the two of one sample.
    let pairs = |key: &str| -> Vec<Vec<String>> {
        let found = report[key].as_array().unwrap().iter();
        let names = |one: &serde_json::Value| -> Vec<String> {
            one["points"].as_array().unwrap().iter().map(|point| point["method"].as_str().unwrap().to_owned()).collect()
        };
        found.map(names).collect()
    };
    assert_eq!(pairs("fronts"), [vec!["plain", "reranked"], vec!["made", "sampled, as made"]]);
    let lot = |method: usize| lists(method)["by_lot"][0]["estimate"]["value"].as_f64().unwrap();
    assert_eq!(lot(0), lot(1), "lots do not depend on the scores");
    let some = place.run("compare gates.toml --out some --json --methods 'plain, sampled, as made,even'");
    assert_eq!(some.status.code(), Some(0), "{}", stderr(&some));
    let some: serde_json::Value = serde_json::from_str(&stdout(&some)).unwrap();
    let names: Vec<&str> = some["methods"].as_array().unwrap().iter().map(|method| method["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["plain", "sampled, as made", "even"], "names may hold commas");
    let again = place.run("compare gates.toml --out out --json");
    assert_eq!(stdout(&again), stdout(&output), "kept cells give the same report");
}

#[test]
fn methods_share_what_a_synthesiser_learned() {
    let recipe = |more: &str| {
        let made = r#"synthesise = { method = { id = "ctgan", epochs = 2, batch_size = 100 }, rows = 300, compared = 100 }"#;
        format!(
            "name = \"shared\"\nseeds = [1]\n[data]\nloader = {{ id = \"synthetic-jobs\", jobs = 20, applicants = 20 }}\n[training]\nepochs = 2\n\
             [intervals]\nreplicates = 0\n[shortlist]\ntop = 5\n[[method]]\nname = \"a\"\n{made}\n[[method]]\nname = \"b\"\nrerank = \
             \"pair\"\n{made}\n{more}"
        )
    };
    let more = "[[method]]\nname = \"c\"\nobjective = \"boosting\"\nsynthesise = { method = { id = \"ctgan\", epochs = 2, batch_size = 100 }, \
                rows = 300, compared = 100 }\n";
    let place = Place::new(&[("two.toml", recipe("").as_bytes()), ("three.toml", recipe(more).as_bytes())]);
    let fits = |folder: &str| -> Vec<(String, std::time::SystemTime)> {
        let files = std::fs::read_dir(place.path().join(folder).join("cells")).unwrap().map(|entry| entry.unwrap());
        let fits = files.filter(|entry| entry.file_name().to_string_lossy().contains(".generator"));
        fits.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.metadata().unwrap().modified().unwrap())).collect()
    };
    let run = |command: &str| {
        let output = place.run(command);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        serde_json::from_str::<serde_json::Value>(&stdout(&output)).unwrap()
    };
    let two = run("compare two.toml --out out --json");
    let learned = fits("out");
    assert_eq!(learned.len(), 1, "{learned:?}");
    let made = |report: &serde_json::Value, method: usize| report["methods"][method]["runs"][0]["synthesis"]["quality"].clone();
    assert_eq!(made(&two, 0), made(&two, 1));

    // A method that is added later learns nothing anew, and what it is given is what a fit of its own gives.
    let three = run("compare three.toml --out out --json");
    assert_eq!(fits("out"), learned);
    let stages: Vec<&str> = three["data"]["tilt"].as_array().unwrap().iter().map(|tilt| tilt["stage"].as_str().unwrap()).collect();
    assert_eq!(stages, ["as loaded", "rows made for a and 2 more"], "rows that three methods share are told once");
    let alone = run("compare three.toml --out other --fresh --json");
    assert_eq!(three["methods"], alone["methods"]);
    run("compare three.toml --out out --fresh --json");
    assert_ne!(fits("out"), learned, "--fresh forgets fits, too");
}

#[test]
fn a_ranking_reads_what_an_export_holds_and_puts_who_has_no_score_last() {
    let mut text = "name,sex,age,points,hired\n".to_owned();
    for row in 0..120 {
        let points = if row == 7 || row == 50 { "n/a".to_owned() } else { format!("{}.{}0", 40 + row * 37 % 50, row % 10) };
        let _ =
            writeln!(text, "p{row},{},{},{points},{}", if row % 3 == 0 { "f" } else { "m" }, 18 + row, if row < 3 { "yes" } else { "no" });
    }
    let place = Place::new(&[("t.csv", text.as_bytes())]);
    let refused = place.run("rank t.csv --score points --group sex --out ranked.csv");
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("column `points`, data row 8") && stderr(&refused).contains("--skip-unscored"),
        "{}",
        stderr(&refused)
    );
    // Ages that all differ are no id here, and three `yes` of 120 are a label.
    let command = "rank t.csv --score points --skip-unscored --group 'age > 60' --label hired --favourable yes --top 10 --out ranked.csv";
    let output = place.run(command);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("2 of 120 candidates have no score and stand last"), "{}", stderr(&output));
    let ranked = std::fs::read_to_string(place.path().join("ranked.csv")).unwrap();
    let rows: Vec<Vec<&str>> = ranked.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let given: std::collections::HashSet<&str> = text.lines().collect();
    assert!(rows.len() == 120 && rows.iter().all(|row| given.contains(row[..5].join(",").as_str())), "every field as it was written");
    for row in &rows[118..] {
        assert!(["p7", "p50"].contains(&row[0]) && row[5..] == ["", "", "no", "no score"], "{row:?}");
    }
    let fell = rows.iter().find(|row| row[7] == "no" && !row[5].is_empty() && row[5].parse::<usize>().unwrap() <= 10).unwrap();
    assert!(fell[8].starts_with("left the shortlist: ") && fell[8].ends_with("of lower score put first"), "{fell:?}");
    let balanced = place.run("balance t.csv --group sex --label hired --favourable yes --method oversampling --out balanced.csv");
    assert_eq!(balanced.status.code(), Some(0), "{}", stderr(&balanced));
    let balanced = std::fs::read_to_string(place.path().join("balanced.csv")).unwrap();
    assert!(balanced.lines().all(|line| given.contains(line)), "{balanced}");
}

#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_not_replaced() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = Place::new(&[("t.csv", b"s,g\n3,a\n2,b\n1,a\n"), ("kept.csv", b"mine"), ("real.csv", b"old")]);
    let path = |name: &str| place.path().join(name);
    std::fs::set_permissions(path("kept.csv"), std::fs::Permissions::from_mode(0o444)).unwrap();
    symlink(path("real.csv"), path("link.csv")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(path("pipe.csv")).status().unwrap().success());
    for (out, reason) in [("kept.csv", "write-protected"), ("pipe.csv", "no plain file"), (".", "is a folder")] {
        let output = place.run(&format!("rank t.csv --score s --group g --out {out}"));
        assert_eq!(output.status.code(), Some(2), "{out}");
        assert!(stderr(&output).contains(reason), "{out}: {}", stderr(&output));
    }
    assert_eq!(std::fs::read(path("kept.csv")).unwrap(), b"mine");
    let output = place.run("rank t.csv --score s --group g --out link.csv --report real.csv");
    assert!(output.status.code() == Some(2) && stderr(&output).contains("give the name of a folder"), "{}", stderr(&output));
    assert_eq!(std::fs::read(path("real.csv")).unwrap(), b"old", "nothing is written before the report's folder is known to be one");
    assert_eq!(place.run("rank t.csv --score s --group g --out link.csv").status.code(), Some(0));
    assert!(path("link.csv").is_symlink() && std::fs::read_to_string(path("real.csv")).unwrap().contains("rank_by_score"));
}
