//! What the command does on a good day.

use crate::command::{Place, stderr, stdout};

const SCORES: &[u8] = b"score,gender,label\n0.2,f,0\n0.9,m,1\n0.4,f,1\n0.7,m,0\n0.6,f,1\n0.8,m,1\n";

const RECIPE: &[u8] = br#"
name = "small"
seeds = [0, 1]
[data]
loader = { id = "synthetic", rows = 600 }
attributes = ["gender"]
[model]
hidden = [8]
[training]
loss = "mse"
epochs = 2
[intervals]
replicates = 50
[[method]]
objective = "vanilla"
[[method]]
objective = "wasserstein-adversary"
"#;

/// The same recipe, trained for long enough to order candidates: what says nothing is never chosen.
fn trained() -> String {
    String::from_utf8_lossy(RECIPE).replace("epochs = 2", "epochs = 20\nlearning_rate = 0.01")
}

#[test]
fn audit_prints_numbers_by_group_and_writes_its_documents() {
    let place = Place::new(&[("scores.csv", SCORES)]);
    let output = place.run("audit scores.csv --score score --group gender --label label --out out");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("selection rate") || stdout(&output).contains("Selection rate"), "{}", stdout(&output));
    assert_eq!(place.files(), ["out/measures.csv", "out/report.html", "out/report.json", "out/summary.html", "scores.csv"]);
}

#[test]
fn a_breached_limit_gives_exit_code_1_and_a_met_one_0() {
    let place = Place::new(&[("scores.csv", SCORES)]);
    // W1 between (.2, .4, .6) and (.7, .8, .9) is .4.
    assert_eq!(place.run("audit scores.csv --score score --group gender --limit spdd=0.39").status.code(), Some(1));
    assert_eq!(place.run("audit scores.csv --score score --group gender --limit spdd=0.41").status.code(), Some(0));
}

#[test]
fn a_range_rescales_scores_and_threshold_together() {
    let rows = "score,gender\n20,f\n90,m\n40,f\n70,m\n65,f\n80,m\n";
    let place = Place::new(&[("percent.csv", rows.as_bytes())]);
    // Above 60: one of three f, three of three m.
    let limit = |value: &str| {
        let words = format!(
            "audit percent.csv --score score --group gender --range 0,100 --threshold 60 --limit demographic-parity-difference={value}"
        );
        place.run(&words).status.code()
    };
    assert_eq!(limit("0.66"), Some(1));
    assert_eq!(limit("0.67"), Some(0));
    let outside = place.run("audit percent.csv --score score --group gender --range 0,100 --threshold 160");
    assert_eq!(outside.status.code(), Some(2), "{}", stderr(&outside));
}

#[test]
fn a_ratio_far_above_1_breaches_its_limit() {
    let place = Place::new(&[("scores.csv", SCORES)]);
    // Above 0.5: one of three f, three of three m, so m over f is 3.
    let words = "audit scores.csv --score score --group gender --convention aif360 --privileged gender=f --limit disparate-impact=0.8";
    assert_eq!(place.run(words).status.code(), Some(1));
}

#[test]
fn a_stream_knows_a_group_that_begins_late() {
    let mut rows = String::from("score,race\n");
    for row in 0..900_000 {
        rows.push_str(if row < 899_000 { "0.25,A\n" } else { "0.75,W\n" });
    }
    rows.push_str(&"0.25,B\n".repeat(400_000));
    let place = Place::new(&[("sorted.csv", rows.as_bytes())]);
    let spdd = |words: &str| {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["methods"][0]["runs"][0]["attributes"][0]["findings"].as_array().unwrap().clone();
        findings.iter().find(|finding| finding["metric"] == "spdd").unwrap()["estimate"]["value"].as_f64().unwrap()
    };
    assert!((spdd("audit sorted.csv --score score --group 'race = W' --json --stream --level 0") - 0.5).abs() < 1e-9);
    let absent = place.run("audit sorted.csv --score score --group 'race = X' --stream");
    assert_eq!(absent.status.code(), Some(2), "{}", stderr(&absent));
    for (words, told) in [
        ("audit a.npy b.csv --score score --group race", "audit it on its own"),
        ("audit a.npy --score score --group race --stream", "cannot be read in chunks"),
        ("audit sorted.csv --score score --group race --stream --top 3", "neither can be used with --stream"),
    ] {
        let refused = place.run(words);
        assert!(refused.status.code() == Some(2) && stderr(&refused).contains(told), "{}", stderr(&refused));
    }
}

#[test]
fn a_run_after_a_comparison_keeps_its_model() {
    let place = Place::new(&[("small.toml", RECIPE)]);
    assert_eq!(place.run("compare small.toml --out out").status.code(), Some(0));
    assert_eq!(place.run("run small.toml --out out").status.code(), Some(0));
    assert!(place.path().join("out/models/wasserstein-adversary__seed_0/scorer.json").is_file(), "{:?}", place.files());
}

#[test]
fn a_model_stands_only_beside_the_report_of_its_own_run() {
    let recipe = std::str::from_utf8(RECIPE).unwrap();
    let longer = recipe.replace("epochs = 2", "epochs = 3");
    let place = Place::new(&[("small.toml", RECIPE), ("longer.toml", longer.as_bytes())]);
    let folder = "out/models/wasserstein-adversary__seed_0";
    let weights = |words: &str| {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let files: Vec<String> = place.files().into_iter().filter(|file| file.starts_with(folder)).collect();
        files.iter().map(|file| std::fs::read(place.path().join(file)).unwrap()).collect::<Vec<_>>()
    };
    let first = weights("run small.toml --out out");
    // Another recipe's model takes the same name; then the first recipe's cell is found, and its model is not.
    assert_ne!(weights("run longer.toml --out out"), first);
    assert_eq!(weights("run small.toml --out out"), first);
    // A folder that nobody says whose it is does not count as this cell's either.
    std::fs::remove_file(place.path().join(folder).join("cell")).unwrap();
    assert_eq!(weights("run small.toml --out out"), first);
}

#[test]
fn names_of_other_scripts_keep_their_models_apart() {
    let recipe =
        |name: &str| std::str::from_utf8(RECIPE).unwrap().replace("\"wasserstein-adversary\"", &format!("\"vanilla\"\nname = \"{name}\""));
    let (one, other) = (recipe("公平"), recipe("正確"));
    let place = Place::new(&[("one.toml", one.as_bytes()), ("other.toml", other.as_bytes())]);
    for words in ["run one.toml --out out", "run other.toml --out out"] {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    }
    let models: Vec<String> = place.files().into_iter().filter(|file| file.starts_with("out/models/") && file.ends_with("/cell")).collect();
    assert_eq!(models.len(), 2, "{models:?}");
}

#[test]
fn a_method_that_cannot_be_used_is_refused_before_others_train() {
    let recipe = format!("{}\n[[method]]\nobjective = \"fairvic\"\n", String::from_utf8_lossy(RECIPE));
    let place = Place::new(&[("both.toml", recipe.as_bytes())]);
    let refused = place.run("compare both.toml --out out");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("fairvic") && stderr(&refused).contains("data.sensitive_as_features"), "{}", stderr(&refused));
    let cells = place.files().iter().filter(|file| std::path::Path::new(file).extension().is_some_and(|ending| ending == "json")).count();
    assert_eq!(cells, 0, "{:?}", place.files());
}

#[test]
fn a_fresh_start_forgets_cells_and_nothing_else() {
    let mine = ["out/cells/notes.txt", "out/cells/0123456789abcdef01234567.txt", "out/cells/plan.json", "out/cells/old.checkpoint/a"];
    let mut files: Vec<(&str, &[u8])> = vec![("small.toml", RECIPE)];
    files.extend(mine.iter().map(|name| (*name, &b"mine"[..])));
    let stale = ["out/cells/0123456789abcdef01234567.json", "out/cells/0123456789abcdef01234567.3.checkpoint/state"];
    files.extend(stale.iter().map(|name| (*name, &b"{}"[..])));
    let place = Place::new(&files);
    let output = place.run("compare small.toml --out out --fresh");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let after = place.files();
    for name in mine {
        assert!(after.contains(&name.to_owned()), "{name} is gone: {after:?}");
    }
    for name in stale {
        assert!(!after.contains(&name.to_owned()), "{name} is still there");
    }
}

#[test]
fn methods_of_equal_settings_are_one_cell() {
    let text = std::str::from_utf8(RECIPE).unwrap();
    let twice = text.replace("objective = \"wasserstein-adversary\"", "objective = \"vanilla\"\nname = \"once more\"");
    let place = Place::new(&[("twice.toml", twice.as_bytes())]);
    let output = place.run("compare twice.toml --out out --threads 2");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(place.files().iter().filter(|file| file.starts_with("out/cells/")).count(), 2, "{:?}", place.files());
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(place.path().join("out/report.json")).unwrap()).unwrap();
    let runs = |method: usize| report["methods"][method]["runs"].clone();
    assert_eq!(report["methods"].as_array().unwrap().len(), 2);
    assert_eq!(runs(0), runs(1));
    assert_eq!(runs(0).as_array().unwrap().len(), 2);
}

#[test]
fn rows_are_counted_before_gate_1_too() {
    let text =
        std::str::from_utf8(RECIPE).unwrap().replace("[model]", "[skew]\nprivileged = \"m\"\nunprivileged = \"f\"\nalpha = 2.0\n[model]");
    let text = text.replace("\"wasserstein-adversary\"", "\"vanilla\"\nrebalance = \"oversampling\"");
    let place = Place::new(&[("over.toml", text.as_bytes())]);
    let output = place.run("compare over.toml --out out");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(place.path().join("out/report.json")).unwrap()).unwrap();
    for run in 0..2 {
        let sizes = |method: usize| report["methods"][method]["runs"][run]["sizes"].clone();
        assert!(sizes(0).get("train_before").is_none());
        assert_eq!(sizes(1)["train_before"], sizes(0)["train"]);
        assert!(sizes(1)["train"].as_u64() > sizes(0)["train"].as_u64());
    }
}

#[test]
fn a_folder_that_another_process_writes_is_refused() {
    let place = Place::new(&[("small.toml", RECIPE), ("out/cells/lock", b"")]);
    let file = std::fs::File::options().write(true).open(place.path().join("out/cells/lock")).unwrap();
    file.lock().unwrap();
    let output = place.run("compare small.toml --out out");
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("another evenhand command"), "{}", stderr(&output));
    file.unlock().unwrap();
    assert_eq!(place.run("compare small.toml --out out").status.code(), Some(0));
    assert!(!place.files().contains(&"out/cells/lock".to_owned()));
}

#[test]
fn a_report_does_not_replace_the_table_that_it_is_made_of() {
    let place = Place::new(&[("measures.csv", SCORES), ("other.csv", SCORES)]);
    let refused = place.run("audit 'measures*.csv' --score score --group gender --out .");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("measures.csv") && stderr(&refused).contains("another folder"), "{}", stderr(&refused));
    assert_eq!(std::fs::read(place.path().join("measures.csv")).unwrap(), SCORES);
    assert_eq!(place.files(), ["measures.csv", "other.csv"]);
    // What a report left there before is its own to replace.
    for _ in 0..2 {
        assert_eq!(place.run("audit other.csv --score score --group gender --out out").status.code(), Some(0));
    }
}

#[test]
fn limits_of_embeddings_can_be_chosen_by() {
    let place = Place::new(&[("small.toml", trained().as_bytes())]);
    let words = "sweep small.toml --over objective.lambda_w=0,1 --limit centroid-distance-high=100 --out out";
    let output = place.run(words);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(place.path().join("out/report.json")).unwrap()).unwrap();
    for candidate in report["choice"]["candidates"].as_array().unwrap() {
        assert!(candidate["limited"][0]["estimate"]["value"].as_f64().unwrap() > 0.0, "{candidate}");
    }
}

#[test]
fn a_mixture_says_that_its_cut_scores_are_promised_nothing() {
    let text = std::str::from_utf8(RECIPE).unwrap().replace("loss = \"mse\"\n", "");
    let recipe = |prediction: &str| {
        let objective = format!("{{ id = \"exponentiated-gradient\", max_iter = 6, prediction = \"{prediction}\" }}");
        text.replace("\"wasserstein-adversary\"", &objective)
    };
    for (prediction, told) in [("expected", true), ("randomised", false)] {
        let recipe = recipe(prediction);
        let place = Place::new(&[("mixture.toml", recipe.as_bytes())]);
        let output = place.run("compare mixture.toml --out out");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let report: serde_json::Value = serde_json::from_slice(&std::fs::read(place.path().join("out/report.json")).unwrap()).unwrap();
        let promised =
            |notes: &serde_json::Value| notes.to_string().contains("nothing is promised") || notes.to_string().contains("and nothing of");
        assert_eq!(promised(&report["notes"]), told, "{}", report["notes"]);
        for run in report["methods"][1]["runs"].as_array().unwrap() {
            assert_eq!(promised(&run["notes"]), told, "{}", run["notes"]);
        }
        assert!(!promised(&report["methods"][0]["runs"][0]["notes"]));
    }
}

#[test]
fn json_on_standard_output_is_the_report() {
    let place = Place::new(&[("scores.csv", SCORES)]);
    let output = place.run("audit scores.csv --score score --group gender --json");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["methods"][0]["runs"][0]["attributes"][0]["findings"].as_array().unwrap().clone();
    let spdd = findings.iter().find(|finding| finding["metric"] == "spdd").unwrap();
    assert!((spdd["estimate"]["value"].as_f64().unwrap() - 0.4).abs() < 1e-12);
}

#[test]
fn streaming_gives_the_same_counts() {
    let place = Place::new(&[("scores.csv", SCORES)]);
    let rate = |words: &str| {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["methods"][0]["runs"][0]["attributes"][0]["findings"].as_array().unwrap().clone();
        findings.iter().find(|finding| finding["metric"] == "demographic-parity-difference").unwrap()["estimate"]["value"].clone()
    };
    let whole = rate("audit scores.csv --score score --group gender --json");
    assert_eq!(whole, rate("audit scores.csv --score score --group gender --json --stream"));
}

#[test]
fn a_comparison_is_the_same_on_one_thread_and_on_two_and_goes_on_where_it_stopped() {
    let place = Place::new(&[("small.toml", RECIPE)]);
    let report = |words: &str, folder: &str| {
        let output = place.run(words);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        std::fs::read(place.path().join(folder).join("report.json")).unwrap()
    };
    let one = report("compare small.toml --out one --threads 1", "one");
    let two = report("compare small.toml --out two --threads 2", "two");
    assert_eq!(one, two);
    let cells: Vec<String> = place.files().into_iter().filter(|file| file.starts_with("two/cells/")).collect();
    assert_eq!(cells.len(), 4);
    std::fs::remove_file(place.path().join(&cells[1])).unwrap();
    assert_eq!(report("compare small.toml --out two --threads 2", "two"), one);
}

#[test]
fn a_kept_model_scores_new_rows() {
    let table: String = std::iter::once("tests_passed,years,gender,score,person\n".to_owned())
        .chain((0..200).map(|row| {
            let quality = f64::from(row % 40) / 40.0;
            format!("{},{},{},{:.3},p{}\n", row % 40, row % 7, if row % 2 == 0 { "f" } else { "m" }, quality, row / 2)
        }))
        .collect();
    let recipe = br#"
name = "own table"
[data]
loader = "table"
files = ["table.csv"]
person = "person"
label = { column = "score" }
sensitive = [{ column = "gender" }]
[training]
loss = "mse"
epochs = 3
[[method]]
objective = "vanilla"
"#;
    let place = Place::new(&[("table.csv", table.as_bytes()), ("own.toml", recipe)]);
    let output = place.run("run own.toml --out out");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let output = place.run("score out/models/vanilla__seed_0 table.csv --out scores.csv");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let scores = std::fs::read_to_string(place.path().join("scores.csv")).unwrap();
    assert_eq!(scores.lines().next(), Some("row,person,gender,score,prediction"));
    assert_eq!(scores.lines().count(), 201);
    let output = place.run("audit scores.csv --score prediction --group gender --label score");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    std::fs::write(place.path().join("new.csv"), "tests_passed,years\n3,\n,2\n").unwrap();
    let output = place.run("score out/models/vanilla__seed_0 new.csv --out new-scores.csv");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for input in ["years", "tests_passed"] {
        assert!(stderr(&output).contains(&format!("`{input}`: 1 of 2 rows hold a category")), "{}", stderr(&output));
    }
}

#[test]
fn a_method_that_compares_groups_needs_two_of_them() {
    let one_group = "grade,gender,hired\n".to_owned() + &"3,f,0\n5,f,1\n4,,1\n2,f,0\n".repeat(20);
    let recipe = |objective: &str| {
        format!(
            "name = \"x\"\n[data]\nloader = \"table\"\nfiles = [\"one.csv\"]\nlabel = {{ column = \"hired\" }}\nsensitive = [{{ column = \"gender\" \
             }}]\n[training]\nepochs = 1\n[[method]]\nobjective = \"{objective}\"\n"
        )
    };
    let (gcm, plain) = (recipe("gcm"), recipe("vanilla"));
    let place = Place::new(&[("one.csv", one_group.as_bytes()), ("gcm.toml", gcm.as_bytes()), ("plain.toml", plain.as_bytes())]);
    let refused = place.run("compare gcm.toml --out out");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("`gcm` compares groups in training"), "{}", stderr(&refused));
    assert_eq!(place.run("compare plain.toml --out out").status.code(), Some(0));
}

#[test]
fn groups_can_be_inputs_and_are_made_anew_when_rows_are_scored() {
    let table: String = std::iter::once("years,age,label\n".to_owned())
        .chain((0..120).map(|row| format!("{},{},{}\n", row % 7, 18 + row % 40, u8::from(row % 7 > 2))))
        .collect();
    let recipe = |inputs: &str| {
        format!(
            "name = \"own table\"\n[data]\nloader = \"table\"\nfiles = [\"table.csv\"]\nsensitive_as_features = {inputs}\n\
             label = {{ column = \"label\" }}\nsensitive = [{{ column = \"age\", rule = \"> 25\" }}]\n[training]\nepochs = 2\n\
             [[method]]\nobjective = \"vanilla\"\n"
        )
    };
    let (groups, word) = (recipe("\"groups\""), recipe("\"group\""));
    let files = [("table.csv", table.as_bytes()), ("own.toml", groups.as_bytes()), ("word.toml", word.as_bytes())];
    let place = Place::new(&files);
    let output = place.run("run own.toml --out out");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report = std::fs::read_to_string(place.path().join("out/report.json")).unwrap();
    assert!(report.contains("Sensitive columns are among the inputs of the model: age (group)."), "the report says so");
    let output = place.run("score out/models/vanilla__seed_0 table.csv --out scores.csv");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(place.path().join("scores.csv")).unwrap().lines().count(), 121);
    let output = place.run("run word.toml --out out");
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("\"groups\" (their groups are) or false, not \"group\""), "{}", stderr(&output));
}

#[test]
fn a_sweep_chooses_the_best_within_its_limit_on_validation_rows() {
    let place = Place::new(&[("small.toml", trained().as_bytes())]);
    let sweep = |limit: &str| {
        let words = format!("sweep small.toml --over objective.lambda_w=0,1,30 --limit spdd={limit} --by srcc --out out --json");
        let output = place.run(&words);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), report)
    };
    let (code, report) = sweep("1");
    assert_eq!(code, Some(0), "every gap is within 1");
    // What tells nobody apart has the smallest gap of all, and is never chosen.
    let all = report["choice"]["candidates"].as_array().unwrap();
    let candidates: Vec<&serde_json::Value> = all.iter().filter(|candidate| candidate["collapsed"].is_null()).collect();
    assert_eq!(all.len(), 4, "the three values, and training without a term of fairness: {all:?}");
    assert_eq!((&all[0]["method"], &report["reference"]), (&"vanilla".into(), &"vanilla".into()));
    assert!(report["methods"][0]["swept"].is_null());
    let value = |candidate: &serde_json::Value, key: &str| candidate[key]["value"].as_f64().unwrap();
    let best = candidates.iter().max_by(|one, other| value(one, "performance").total_cmp(&value(other, "performance"))).unwrap();
    assert_eq!(report["choice"]["chosen"], best["method"]);
    // The limit that only the smallest gap keeps.
    let gaps: Vec<f64> = candidates.iter().map(|candidate| value(&candidate["limited"][0], "estimate")).collect();
    let smallest = gaps.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(gaps.iter().any(|gap| *gap > smallest), "the settings differ");
    let of_smallest = candidates[gaps.iter().position(|gap| *gap == smallest).unwrap()]["method"].clone();
    let (_, report) = sweep(&smallest.to_string());
    assert_eq!(report["choice"]["chosen"], of_smallest);
    // The chosen scorer is kept, and scores.
    let folder = place.path().join("out").join(report["choice"]["model"].as_str().unwrap());
    assert!(folder.join("scorer.json").is_file(), "{}", folder.display());
    assert_eq!(report["limits"].as_array().unwrap().len(), 1, "the chosen setting is judged on test rows");
    let (code, report) = sweep("0");
    assert_eq!(code, Some(1), "no setting is within 0");
    assert_eq!(report["choice"]["chosen"], serde_json::Value::Null);
}

#[test]
fn a_sweep_tells_its_price_and_what_chance_gives() {
    let place = Place::new(&[("small.toml", trained().as_bytes())]);
    let output = place.run("sweep small.toml --over objective.lambda_w=1 --out out");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // Without a limit nothing is chosen, and one that these rows could settle is named.
    let told = stderr(&output);
    assert!(told.contains("note: Chance alone gives SPDD 0.") && told.contains("for gender on these 120 validation rows"), "{told}");
    assert!(told.contains("No limit was set; one of 0.") && told.contains("(--limit spdd@gender=0."), "{told}");
    let table = stdout(&output);
    assert!(table.contains("seconds") && table.contains("vanilla") && !table.contains("the choice, judged"), "{table}");
    let read = || std::fs::read(place.path().join("out/report.json")).unwrap();
    let first = read();
    assert!(!String::from_utf8_lossy(&first).contains("seconds"), "a report holds no times");
    let again = place.run("sweep small.toml --over objective.lambda_w=1 --out out");
    assert!(stdout(&again).contains("seconds"), "what a finished run took is kept beside it");
    assert_eq!(read(), first);

    // The smallest error among those within two limits; one of them is below what chance gives.
    let words = "sweep small.toml --over objective.lambda_w=1,2 --limit spdd=0.9 --limit speo=0.9 --limit ks=0.001 --by mae --out out";
    let output = place.run(words);
    assert_eq!(output.status.code(), Some(1), "no gap of the largest pass rates is that small: {}", stderr(&output));
    assert!(stderr(&output).contains("the limit of 0.001 lies below that"), "{}", stderr(&output));
    let output = place.run(&words.replace(" --limit ks=0.001", ""));
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&read()).unwrap();
    let candidates = report["choice"]["candidates"].as_array().unwrap();
    assert!(candidates.iter().all(|one| one["limited"].as_array().unwrap().len() == 2));
    let error = |one: &&serde_json::Value| one["performance"]["value"].as_f64().unwrap();
    let fit = candidates.iter().filter(|one| one["collapsed"].is_null());
    let best = fit.min_by(|one, other| error(one).total_cmp(&error(other))).unwrap();
    assert_eq!(report["choice"]["chosen"], best["method"]);
    let price = format!("Of the settings within the limits, {} is best in", best["method"].as_str().unwrap());
    assert!(stderr(&output).contains(&price), "{}", stderr(&output));
    let page = std::fs::read_to_string(place.path().join("out/summary.html")).unwrap();
    assert!(page.contains("is best in Mean absolute error on the validation rows"), "the page says the same");
}

#[test]
fn a_method_that_fails_has_a_reason_and_the_others_have_their_rows() {
    let far = "[[method]]\nname = \"far\"\n[method.training]\nlearning_rate = 1e38\nepochs = 40\n";
    let recipe = String::from_utf8_lossy(RECIPE).into_owned() + far;
    let place = Place::new(&[("small.toml", recipe.as_bytes())]);
    let output = place.run("compare small.toml --out out");
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(stderr(&output).contains("note: far failed and has no row: seed 0: "), "{}", stderr(&output));
    assert!(
        stdout(&output).contains("No row: far failed: seed 0: ") && stdout(&output).contains("wasserstein-adversary"),
        "{}",
        stdout(&output)
    );
    let page = std::fs::read_to_string(place.path().join("out/summary.html")).unwrap();
    assert!(page.contains("far failed and has no row"), "the page for people says so");
    // A breached limit is the graver answer.
    let limited = recipe.replace("[[method]]\nobjective = \"vanilla\"", "[limits]\nsrcc = 0.999\n[[method]]\nobjective = \"vanilla\"");
    let place = Place::new(&[("small.toml", limited.as_bytes())]);
    assert_eq!(place.run("compare small.toml --out out").status.code(), Some(1));
}

#[test]
fn all_methods_are_asked_for_in_one_word() {
    let recipe = String::from_utf8_lossy(RECIPE).replace("seeds = [0, 1]", "seeds = [0]\nmethods = [\"rebalancers\", \"repairs\"]");
    let place = Place::new(&[("small.toml", recipe.as_bytes())]);
    let output = place.run("compare small.toml --out out");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for name in ["vanilla", "wasserstein-adversary", "reweighing", "oversampling", "quantile-repair"] {
        assert!(stdout(&output).contains(name), "{name}: {}", stdout(&output));
    }
    // Named ones alone, also of those that a family brings.
    let output = place.run("compare small.toml --methods reweighing,vanilla --out named");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stdout(&output).contains("quantile-repair"));
}

#[test]
fn analyses_say_what_the_scores_depend_on() {
    // The label is the gender, mostly; the skill tells little and the noise nothing.
    let row = |row: usize| {
        let gender = if row.is_multiple_of(2) { "f" } else { "m" };
        let label = usize::from(row.is_multiple_of(2) != (row % 10 == 3 || row % 10 == 6));
        format!("{gender},{},{},{label}\n", (row % 7) as f64 / 7.0 + 0.3 * label as f64, (row * 31 % 11) as f64)
    };
    let table: String = std::iter::once("gender,skill,noise,label\n".to_owned()).chain((0..400).map(row)).collect();
    let recipe = r#"
        name = "dependence"
        seeds = [0, 1]
        [data]
        loader = "table"
        files = ["table.csv"]
        sensitive_as_features = true
        label = { column = "label" }
        sensitive = [{ column = "gender" }]
        [model]
        hidden = [8]
        [training]
        epochs = 8
        batch_size = 32
        learning_rate = 0.02
        [intervals]
        replicates = 0
        [analyses]
        counterfactual = "retrain"
        importance = 3
        landscape = 5
        [[method]]
        objective = "vanilla"
        [[method]]
        objective = { id = "wasserstein", lambda_w = 3.0 }
    "#;
    let place = Place::new(&[("table.csv", table.as_bytes()), ("dependence.toml", recipe.as_bytes())]);
    let output = place.run("compare dependence.toml --jobs 2 --out out");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = std::fs::read_to_string(place.path().join("out/report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    let run = &report["methods"][0]["runs"][0];
    let found = &run["counterfactual"];
    assert!(found["score_change"].as_f64().unwrap() > 0.2 && found["decisions_changed"].as_f64().unwrap() > 0.2, "{found}");
    // f has the high labels: its scores fall when it is called m, by as much as m's rise.
    assert!(found["shifts"][0]["mean"].as_f64().unwrap() < -0.1 && found["shifts"][1]["mean"].as_f64().unwrap() > 0.1, "{found}");
    for numbers in ["measured", "retrained"] {
        assert_eq!(found[numbers].as_array().unwrap().len(), report["columns"].as_array().unwrap().len(), "{numbers}");
    }
    // Re-scored rows are scored wrongly; a scorer that learned on swapped rows is not.
    let accuracy = |numbers: &str| found[numbers][0]["estimate"]["value"].as_f64().unwrap();
    assert!(accuracy("measured") < 0.5 && accuracy("retrained") > 0.6, "{found}");
    let inputs = run["importances"]["inputs"].as_array().unwrap();
    assert_eq!(inputs[0]["input"], "gender", "{inputs:?}");
    assert_eq!(inputs[0]["sensitive"], true);
    assert!((inputs[0]["association"].as_f64().unwrap() - 1.0).abs() < 1e-9);
    assert_eq!(inputs.len(), 3);
    let losses = run["landscape"]["losses"].as_array().unwrap();
    assert_eq!(losses.len(), 25);
    assert!(report["methods"][0]["runs"][1].get("landscape").is_none(), "first run only");
    assert_eq!(report["contrasts"].as_array().unwrap().len(), report["columns"].as_array().unwrap().len());
    assert_eq!(report["fronts"][0]["families"].as_array().unwrap().len(), 2);
    let page = std::fs::read_to_string(place.path().join("out/report.html")).unwrap();
    assert!(page.contains("What the scores depend on") && page.contains("Differences from vanilla"));
    // The same bytes once more, on one thread.
    let again = place.run("compare dependence.toml --jobs 1 --out again");
    assert_eq!(again.status.code(), Some(0));
    assert!(text == std::fs::read_to_string(place.path().join("again/report.json")).unwrap(), "two runs differ");
}

#[test]
fn skew_writes_a_subset_with_the_wanted_tilt() {
    // 20 rows in each cell of group x high.
    let table: String = std::iter::once("id,gender,score\n".to_owned())
        .chain((0..80).map(|row| format!("{row},{},{}\n", if row % 2 == 0 { "f" } else { "m" }, if row < 40 { 0.9 } else { 0.1 })))
        .collect();
    let place = Place::new(&[("table.csv", table.as_bytes())]);
    let output = place.run("skew table.csv --label score --group gender --privileged f --unprivileged m --alpha 4 --out tilted.csv --json");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["after"]["cells"], serde_json::json!([20, 5, 5, 20]));
    assert_eq!(report["after"]["alpha"]["value"], 4.0);
    let subset = std::fs::read_to_string(place.path().join("tilted.csv")).unwrap();
    assert_eq!(subset.lines().next(), Some("id,gender,score"));
    assert_eq!(subset.lines().count(), 51);
    assert!(subset.lines().skip(1).all(|line| table.contains(line)));
}

#[test]
fn every_id_of_the_catalog_is_explained() {
    let place = Place::new(&[]);
    let list: serde_json::Value = serde_json::from_slice(&place.run("catalog --json").stdout).unwrap();
    let ids: Vec<&str> = list.as_array().unwrap().iter().map(|card| card["id"].as_str().unwrap()).collect();
    assert!(ids.len() > 30);
    for id in ids {
        let output = place.run(&format!("catalog {id}"));
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains("Source: "), "{id}");
    }
}

#[test]
fn completions_are_printed() {
    let place = Place::new(&[]);
    assert!(stdout(&place.run("completions bash")).contains("evenhand"));
}
