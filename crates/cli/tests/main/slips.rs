//! Slips of the pen and habits of programs: what is named and does not occur, what is written in two ways, what bears a percent sign. Each is
//! told or refused by every command that meets it.

use crate::command::Place;
use crate::figures::{assert_groups, audit, by_group, notes, refusal, report, selected, succeeds, table, tilt, written};

#[test]
fn a_named_value_that_no_row_has_is_refused() {
    let rows = [("F,Hired", 2), ("F,Offer", 4), ("M,Hired", 3), ("M,Awaiting", 1), ("M,Rejected", 2)];
    let place = Place::new(&[
        ("stages.csv", &table("g,stage", &rows)),
        ("scored.csv", &table("g,stage,s", &[("F,Hired,0.9", 2), ("M,Rejected,0.1", 2)])),
    ]);
    let words = "audit stages.csv --score stage --group g --level 0";
    for stream in ["", " --stream"] {
        for (named, missed) in [
            ("--favourable Hired --favourable Offr", "the favourable value `Offr` does not occur"),
            ("--favourable Hird", "the favourable value `Hird` does not occur"),
            ("--favourable Hired --undecided Awaitng", "the undecided value `Awaitng` does not occur"),
            ("--favourable Hired --undecided Hired", "`Hired` is named both favourable and undecided"),
        ] {
            let refused = refusal(&place, &format!("{words} {named}{stream}"));
            assert!(refused.contains(missed), "{named}{stream}: {refused}");
        }
        let label = "audit scored.csv --score s --group g --label stage --level 0 --favourable Hired";
        let refused = refusal(&place, &format!("{label} --undecided Pnding{stream}"));
        assert!(refused.contains("the undecided value `Pnding` does not occur"), "{refused}");
    }
    assert!(refusal(&place, "skew stages.csv --label stage --favourable Hired --undecided Awaitng --group g").contains("does not occur"));
    let found = audit(&place, "stages.csv --score stage --group g --favourable Hired --favourable Offer --undecided Awaiting");
    assert_groups(&selected(&found), &[("F", 6, 1.0), ("M", 5, 0.6)]);
}

#[test]
fn a_favourable_value_of_the_label_is_not_asked_of_a_score_in_words() {
    let place = Place::new(&[("a.csv", b"g,decision,stage\nF,Pass,Hired\nF,Fail,Rejected\nM,Pass,Rejected\nM,Pass,Hired\n")]);
    for stream in ["", " --stream"] {
        let found = audit(&place, &format!("a.csv --score decision --group g --label stage --favourable Hired{stream}"));
        assert_groups(&selected(&found), &[("F", 2, 0.5), ("M", 2, 1.0)]);
        assert_groups(&by_group(&found, 0, "true-positive-rate"), &[("F", 1, 1.0), ("M", 1, 1.0)]);
    }
}

#[test]
fn a_map_for_a_column_that_is_not_there_is_refused() {
    let place = Place::new(&[
        ("scores.csv", b"g,s\nF,0.9\nW,0.2\nM,0.4\n"),
        ("map.csv", b"column,from,to\ngendr,W,F\n"),
        ("right.csv", b"column,from,to\ng,W,F\n"),
    ]);
    for command in ["audit scores.csv --score s --group g", "rank scores.csv --score s --group g --top 1 --out ranked.csv"] {
        let refused = refusal(&place, &format!("{command} --categories map.csv"));
        assert!(refused.contains("no column `gendr`"), "{refused}");
    }
    let found = audit(&place, "scores.csv --score s --group g --categories right.csv");
    assert_groups(&selected(&found), &[("F", 2, 0.5), ("M", 1, 0.0)]);
}

#[test]
fn a_percentage_is_no_number_of_persons() {
    let place = Place::new(&[("counts.csv", b"g,n,chosen\nF,100,50%\nM,200,40%\n")]);
    let refused = refusal(&place, "audit counts.csv --applicants n --selected chosen --group g");
    assert!(refused.contains("`50%`") && refused.contains("no percentage"), "{refused}");
}

#[test]
fn whole_numbers_with_a_decimal_comma_are_themselves() {
    let text = b"id;dept;g;s;passed\n1;2;F;0,9;1\n2;2,0;F;0,2;1,0\n3;3,0;M;0,4;0,0\n4;3;M;0,7;1,0\n5;2,0;M;0,8;0\n";
    let place = Place::new(&[("a.csv", text)]);
    let found = audit(&place, "a.csv --score s --group dept");
    assert_groups(&selected(&found), &[("2", 3, 2.0 / 3.0), ("3", 2, 0.5)]);
    let found = audit(&place, "a.csv --score s --group g --label passed --favourable 1");
    assert_groups(&by_group(&found, 0, "true-positive-rate"), &[("F", 2, 0.5), ("M", 1, 1.0)]);
    let found = audit(&place, "a.csv --score s --group g --where dept=2");
    assert!(notes(&found).contains("3 of 5 rows are kept"), "{}", notes(&found));
}

#[test]
fn letters_with_marks_are_one_however_they_are_written() {
    // The second school and the second header write letter and accent apart.
    let place = Place::new(&[
        ("a.csv", "school,s\n\u{c9}cole,0.9\nE\u{301}cole,0.1\nLyc\u{e9}e,0.8\n".as_bytes()),
        ("h.csv", "ge\u{301}nre,s\nF,0.9\nM\u{200b},0.1\nM,0.8\n".as_bytes()),
    ]);
    assert_groups(&selected(&audit(&place, "a.csv --score s --group school")), &[("Lyc\u{e9}e", 1, 1.0), ("\u{c9}cole", 2, 0.5)]);
    for name in ["g\u{e9}nre", "ge\u{301}nre"] {
        for stream in ["", " --stream"] {
            let found = audit(&place, &format!("h.csv --score s --group {name}{stream}"));
            assert_groups(&selected(&found), &[("F", 1, 1.0), ("M", 2, 0.5)]);
        }
        succeeds(&place, &format!("rank h.csv --score s --group {name} --top 1 --out ranked.csv"));
    }
    succeeds(&place, "audit h.csv --score s --group g\u{e9}nre --privileged g\u{e9}nre=m --convention aif360");
}

#[test]
fn persons_and_jobs_are_one_in_every_spelling_of_theirs() {
    let rows = b"id,job,g,s\n1,Eng,F,0.9\n1.0,eng ,F,0.9\n2,Eng,M,0.1\n3,ENG,M,0.7\na1,Eng,F,0.3\nA1,Eng,F,0.2\n";
    let place = Place::new(&[("a.csv", rows)]);
    let found = audit(&place, "a.csv --score s --group g --person id");
    // Ids may differ by case alone: a1 and A1 are two.
    assert_groups(&selected(&found), &[("F", 3, 1.0 / 3.0), ("M", 2, 0.5)]);
    assert!(notes(&found).contains("`id`: `1`, `1.0` are taken as one"), "{}", notes(&found));
    succeeds(&place, "rank a.csv --score s --group g --job job --top 1 --out ranked.csv");
    assert_eq!(written(&place, "ranked.csv", b',').iter().filter(|row| row["shortlisted"] == "yes").count(), 1);
}

#[test]
fn the_labels_of_a_person_that_differ_are_told() {
    let place = Place::new(&[("a.csv", b"id,g,s,hired,mark\n1,F,0.9,1,2\n1,F,0.9,0,5\n2,F,0.2,0,3\n3,M,0.8,1,4\n4,M,0.1,0,1\n")]);
    let told = notes(&audit(&place, "a.csv --score s --group g --label hired --person id"));
    assert!(
        told.contains("5 rows are of 4 persons") && told.contains("1 of them have different labels, of which the best counts"),
        "{told}"
    );
    let told = notes(&audit(&place, "a.csv --score s --group g --label mark --label-range 1,5 --person id"));
    assert!(told.contains("1 of them have different labels, of which the mean counts"), "{told}");
}

#[test]
fn what_is_not_known_is_missing_as_a_score_and_as_a_label() {
    for word in ["?", "N.A.", "unknown", "--", "k. A.", "missing", "#NULL!", "Not available"] {
        let text = format!("g,s,hired\nF,0.9,yes\nF,{word},no\nF,0.2,no\nM,0.8,{word}\nM,0.7,yes\nM,0.1,no\n");
        let place = Place::new(&[("a.csv", text.as_bytes())]);
        for stream in ["", " --stream"] {
            if stream.is_empty() {
                let found = audit(&place, "a.csv --score s --group g --label hired --skip-unscored");
                assert_groups(&selected(&found), &[("F", 2, 0.5), ("M", 3, 2.0 / 3.0)]);
                assert_groups(&by_group(&found, 0, "false-positive-rate"), &[("F", 1, 0.0), ("M", 1, 0.0)]);
            }
        }
        let ranked = report(&place, "rank a.csv --score s --group g --label hired --skip-unscored --top 2 --out ranked.csv");
        assert!(notes(&ranked).contains("1 of 6"), "{word}: {}", notes(&ranked));
        let cells = tilt(&place, "a.csv --label hired --group g");
        assert_eq!(cells["F"], (1, 2), "{word}");
        assert_eq!(cells["M"], (1, 1), "{word}");
    }
}

#[test]
fn the_middle_is_selected_where_lower_is_better() {
    let place =
        Place::new(&[("a.csv", &table("g,s,stage", &[("F,50,Hired", 2), ("F,90,Rejected", 2), ("M,10,Hired", 1), ("M,60,Rejected", 3)]))]);
    let words = "a.csv --score s --group g --range 0,100 --lower-is-better";
    for threshold in ["", " --threshold 50"] {
        for stream in ["", " --stream"] {
            let found = audit(&place, &format!("{words}{threshold}{stream}"));
            assert_groups(&selected(&found), &[("F", 4, 0.5), ("M", 4, 0.25)]);
            assert!(notes(&found).contains("50 or less"), "{}", notes(&found));
        }
    }
    // Words have neither scale nor direction.
    let found = audit(&place, "a.csv --score stage --group g --favourable Hired --lower-is-better");
    assert_groups(&selected(&found), &[("F", 4, 0.5), ("M", 4, 0.25)]);
    assert!(!notes(&found).contains("Selected: scores") && notes(&found).contains("no direction is read into them"), "{}", notes(&found));
}

#[test]
fn one_against_the_rest_is_called_alike_in_a_stream() {
    let place = Place::new(&[("a.csv", b"race,s\nWhite,0.9\nWHITE,0.1\nBlack,0.8\nAsian,0.3\n")]);
    for stream in ["", " --stream"] {
        let words =
            format!("audit a.csv --score s --group 'race = white' --privileged 'race = white=White' --convention aif360 --level 0{stream}");
        let found = report(&place, &words);
        assert_groups(&selected(&found), &[("white", 2, 0.5), ("not white", 2, 0.5)]);
    }
}

#[test]
fn a_cut_of_percentages_takes_shares_and_percent() {
    let place = Place::new(&[("a.csv", b"pct,s\n30%,0.9\n45%,0.1\n5%,0.8\n20%,0.3\n")]);
    for rule in ["pct > 0.25", "pct > 25", "pct > 25%"] {
        let found = report(&place, &format!("audit a.csv --score s --group '{rule}' --level 0"));
        let sizes: Vec<u64> = selected(&found).iter().map(|(_, n, _)| *n).collect();
        assert_eq!(sizes, [2, 2], "{rule}");
    }
    let place = Place::new(&[("b.csv", b"age,s\n30,0.9\n45,0.1\n")]);
    assert!(refusal(&place, "audit b.csv --score s --group 'age > 40%'").contains("bear no percent sign"));
}

#[test]
fn rows_without_a_value_are_asked_for_by_any_word_for_missing() {
    let place = Place::new(&[("a.csv", b"dept,g,s\n,F,0.9\nN/A,F,0.1\nnull,M,0.8\nx,M,0.3\n")]);
    for value in ["", "NA", "N/A", "null"] {
        let kept = if value.is_empty() || value == "NA" { 3 } else { 1 };
        let told = succeeds(&place, &format!("audit a.csv --score s --group g --where dept={value} --level 0"));
        assert!(told.contains(&format!("{kept} of 4 rows are kept")), "{value}: {told}");
    }
}

#[test]
fn sizes_beyond_their_ceilings_are_refused_before_anything_is_held() {
    let recipe = |lines: &str| {
        format!(
            "name = \"r\"\n{lines}\n[data]\nloader = \"table\"\nfiles = [\"a.csv\"]\nlabel = {{ column = \"hired\" }}\nsensitive = [{{ column = \"g\" }}]\n\
             [[method]]\nobjective = \"vanilla\"\n"
        )
    };
    let recipes = [
        ("folds.toml", "[split]\nkind = \"k-fold\"\nfolds = 1000000000", "`folds` allows, 1000"),
        ("wide.toml", "[model]\nhidden = [65536, 65536]", "`weights` allows, 100000000"),
        ("intervals.toml", "[intervals]\nreplicates = 10000000000", "`replicates` allows, 1000000"),
    ];
    let mut files = vec![("a.csv", b"g,s,hired\nF,0.9,1\nF,0.2,0\nM,0.7,1\nM,0.1,0\n".to_vec())];
    files.extend(recipes.iter().map(|(name, lines, _)| (*name, recipe(lines).into_bytes())));
    let borrowed: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_slice())).collect();
    let place = Place::new(&borrowed);
    for (words, told) in [
        ("audit a.csv --score s --group g --replicates 10000000000", "`replicates` allows, 1000000"),
        ("audit a.csv --score s --group g --stream --replicates 10000000000", "`replicates` allows, 1000000"),
        ("audit a.csv --score s --group g --permutations 1000000000000", "`permutations` allows, 10000000"),
        ("rank a.csv --score s --group g --replicates 10000000000 --out ranked.csv", "`replicates` allows, 1000000"),
        ("balance a.csv --group g --label hired --rows 10000000000000 --out made.csv", "`made-rows` allows, 50000000"),
    ] {
        let refused = refusal(&place, words);
        assert!(refused.contains(told), "{words}: {refused}");
    }
    for (name, _, told) in recipes {
        let refused = refusal(&place, &format!("compare {name}"));
        assert!(refused.contains(told), "{name}: {refused}");
    }
}
