//! The tables that a terminal shows.

use evenhand_audit::analyses::{contrast, front};
use evenhand_audit::view::{Table, group_tables, limits_table, method_table, tilt_table};
use evenhand_audit::{listing, making};

use evenhand_metrics::Estimate;

use crate::sample;

fn is_rectangular(table: &Table) {
    assert_eq!(table.headers.len(), table.right_aligned.len(), "{}", table.title);
    for row in &table.rows {
        assert_eq!(row.len(), table.headers.len(), "{}", table.title);
    }
}

#[test]
fn every_table_is_rectangular() {
    for report in [sample::comparison(false), sample::audit(), sample::sweep(), sample::single(), sample::extremes()] {
        is_rectangular(&method_table(&report));
        is_rectangular(&tilt_table(&report));
        is_rectangular(&limits_table(&report));
        group_tables(&report).iter().for_each(is_rectangular);
    }
    for report in [sample::ranking(1, 2), sample::ranking(30, 14), sample::balancing(3)] {
        listing::tables(&report).iter().chain(&making::tables(&report)).for_each(is_rectangular);
    }
}

#[test]
fn a_ranking_says_what_is_better_what_it_rests_on_and_why_a_number_is_missing() {
    let tables = listing::tables(&sample::ranking(30, 3));
    let titles: Vec<&str> = tables.iter().map(|table| table.title.as_str()).collect();
    assert_eq!(titles, ["shortlists of 10", "origin in the lists: places", "origin in the lists: ranks and exposure"]);
    let table = &tables[0];
    assert_eq!(table.headers, ["metric", "direction", "by score", "re-ranked"]);
    let pointing: Vec<(&str, &str)> = table.rows.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert!(pointing.contains(&("NDCG against the original ranking", "higher is better")));
    for metric in ["NDKL", "Skew", "MinSkew", "Infeasible index"] {
        assert!(pointing.contains(&(metric, "0 at parity")), "{pointing:?}");
    }
    assert!(pointing.contains(&("Impact ratio at k", "1 at parity")));
    let notes = &table.footnotes;
    assert!(
        notes[0].ends_with(
            "in 4.5 places of a list on average, the candidates down to there include fewer of a group than its wanted share asks for; in 1 \
             of 30 lists a group had no candidate left to put there."
        ),
        "{notes:?}"
    );
    assert!(notes[1].starts_with("Skew, by score: nobody of a group") && notes[1].contains("29 of 30 jobs"), "{notes:?}");
    assert!(notes[2].starts_with("MinSkew, by score: nobody of a group"), "{notes:?}");
    assert_eq!(
        notes[3],
        "Intervals: 95 %, from drawing jobs with replacement; n = 30 jobs, for some numbers fewer (at least 15): a gap counts the jobs with \
         candidates of both groups."
    );
}

#[test]
fn one_list_is_no_job_and_has_no_interval() {
    let notes = listing::tables(&sample::ranking(1, 2)).remove(0).footnotes;
    assert!(notes[0].contains("in 4.5 places, the candidates down to there") && !notes[0].contains("average"), "{notes:?}");
    assert_eq!(notes[1], "Skew and MinSkew, by score: nobody of a group with a wanted share among the first k: infinite in the list.");
    assert_eq!(notes[2], "One list: intervals come from drawing jobs with replacement, so there are none.");
}

#[test]
fn lists_of_several_methods_say_which_way_their_numbers_point() {
    let mut report = sample::ranking(30, 3);
    report.methods.push(report.methods[0].clone());
    let table = listing::tables(&report).remove(0);
    assert!(table.headers.contains(&"Impact ratio at k\n1 at parity\nby score".to_owned()), "{:?}", table.headers);
    assert!(table.headers.contains(&"NDKL\n0 at parity\nre-ranked".to_owned()), "{:?}", table.headers);
    assert!(table.headers.iter().flat_map(|header| header.lines()).all(|line| line.chars().count() <= 19), "{:?}", table.headers);
}

#[test]
fn what_few_rows_judged_is_marked_and_its_words_are_explained() {
    let table = making::tables(&sample::balancing(2)).pop().unwrap();
    let counts: Vec<&str> = table.rows.iter().map(|row| row[3].as_str()).collect();
    assert_eq!(counts, ["96", "6 *", "31", "96", "6 *", "31"]);
    let told = |start: &str| table.footnotes.iter().filter(|note| note.starts_with(start)).count();
    for start in ["* Judged on fewer than 30 rows", "Each learner was fitted once", "boosting: ", "ROC AUC: ", "F1: "] {
        assert_eq!(told(start), 1, "{start}: {:?}", table.footnotes);
    }
}

#[test]
fn the_method_table_gives_mean_spread_and_the_best_of_a_column() {
    let table = method_table(&sample::comparison(true));
    assert_eq!(table.headers[..3], ["method", "SRCC", "PCC"]);
    assert_eq!(table.rows.len(), 7);
    let spdd = table.headers.iter().position(|header| header == "SPDD\ngender").expect("the column exists");
    let marked: Vec<&str> = table.rows.iter().filter(|row| row[spdd].starts_with('◆')).map(|row| row[0].as_str()).collect();
    assert_eq!(marked, ["Wasserstein + adversary"]);
    assert!(table.footnotes.iter().any(|note| note == "MAE of the best constant prediction: 0.151."));
}

#[test]
fn the_group_tables_show_sizes_intervals_and_what_is_undefined() {
    let tables = group_tables(&sample::audit());
    let origin = tables.iter().find(|table| table.title == "origin: groups").expect("the table exists");
    assert_eq!(origin.headers, ["group", "n", "Selection rate", "True-positive rate"]);
    assert_eq!(origin.rows[5][..2], ["Oceania", "3"]);
    assert_eq!(origin.rows[5][3], "undefined [1] (n = 1)");
    assert_eq!(origin.footnotes[0], "[1] the group has no row with a positive label");
    assert_eq!(origin.footnotes[1], "17 rows of unknown group: counted here, left out of every gap.");
    let gaps = tables.iter().find(|table| table.title == "origin: gaps between groups").expect("the table exists");
    assert_eq!(gaps.rows[0][2], "Asia and North America");
}

#[test]
fn a_breached_limit_is_named() {
    let table = limits_table(&sample::comparison(true));
    let outcome = table.headers.iter().position(|header| header == "outcome").expect("the column exists");
    assert_eq!(table.rows[0][outcome], "within the limit");
    assert_eq!(table.rows[1][outcome], "limit breached");
}

#[test]
fn a_ratio_enters_the_plane_by_its_distance_from_1() {
    let mut report = sample::comparison(false);
    // Ratios of the runs, all in one way, and on both sides of 1 with the mean at 1.
    let ratios = [[0.5, 2.0, 1.0], [0.9, 0.9, 0.9], [1.25, 1.0, 0.75]];
    for (method, ratios) in report.methods.iter_mut().zip(ratios) {
        for (run, ratio) in method.runs.iter_mut().zip(ratios) {
            let finding = run.attributes[0].findings.iter_mut().find(|finding| finding.metric == "ks").unwrap();
            "disparate-impact".clone_into(&mut finding.metric);
            finding.estimate = Estimate::value(ratio);
        }
    }
    let front = front::compare(&report.methods, "accuracy", "disparate-impact", "gender").unwrap();
    let gaps: Vec<f64> = front.points.iter().map(|point| point.gap).collect();
    for (found, expected) in gaps.iter().zip([1.0 / 3.0, 0.1, 0.15]) {
        assert!((found - expected).abs() < 1e-12, "{gaps:?}");
    }
    assert_eq!(gaps.len(), 3);
    assert!(front::compare(&report.methods, "accuracy", "selection-rate", "gender").is_none(), "no value at parity");
}

#[test]
fn tests_between_methods_do_not_count_copied_rows() {
    let report = sample::comparison(true);
    let tested = |train: usize, before: Option<usize>| {
        let mut methods = report.methods.clone();
        for run in methods.iter_mut().flat_map(|method| &mut method.runs) {
            (run.sizes.train, run.sizes.train_before) = (train, before);
        }
        contrast::contrasts(&methods, &report.columns)
    };
    // Gate 1 doubled the rows, or halved them: the test speaks of the rows that were drawn.
    let plain = tested(1000, None);
    assert!(plain == tested(2000, Some(1000)) && plain == tested(500, Some(1000)));
    assert!(plain != tested(2000, None), "the number of rows matters");
}
