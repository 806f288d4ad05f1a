//! The page: whole, escaped, offline, the same bytes each time.

use evenhand_audit::html::render;
use evenhand_audit::report::Report;

use crate::sample;

fn page(report: &Report) -> String {
    render(report).expect("a page is made of every report")
}

/// Headings of the sections in order.
fn sections(page: &str) -> Vec<&str> {
    page.split("<h2>").skip(1).map(|rest| rest.split("</h2>").next().unwrap_or_default()).collect()
}

fn all() -> Vec<Report> {
    vec![sample::comparison(true), sample::comparison(false), sample::audit(), sample::sweep(), sample::single(), sample::extremes()]
}

#[test]
fn a_comparison_has_every_section_and_an_audit_none_that_is_empty() {
    assert_eq!(
        sections(&page(&sample::comparison(true))),
        ["Summary", "Data", "Results", "Performance and fairness", "Group by group", "Embeddings", "Training", "Recipe and provenance"]
    );
    assert_eq!(
        sections(&page(&sample::audit())),
        ["Summary", "Data", "Results", "Group by group", "Not estimable", "Recipe and provenance"]
    );
}

#[test]
fn texts_of_the_user_cannot_break_out_of_the_page() {
    let page = page(&sample::extremes());
    assert!(!page.contains("<script>alert"), "a group or a title became markup");
    assert!(page.contains("&lt;script&gt;alert(1)"));
    assert_eq!(page.matches("<script").count(), 1, "only the page's own script");
    assert_eq!(page.matches("</title>").count(), page.matches("<title>").count());
    assert!(!page.contains("a long name <b>"));
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    for report in all() {
        let page = page(&report);
        for forbidden in ["http://", "https://", "src=", "url(", "@import", "<link", "<img", "<iframe", "file:"] {
            assert!(!page.contains(forbidden), "{}: the page holds `{forbidden}`", report.title);
        }
    }
}

#[test]
fn the_same_report_gives_the_same_page() {
    for report in all() {
        assert!(page(&report) == page(&report), "{}: two pages differ", report.title);
    }
}

#[test]
fn no_number_on_the_page_is_a_failed_one() {
    for report in all() {
        let page = page(&report);
        for broken in [">NaN", "\"NaN", " NaN", "inf ", "\"inf", "-0.000"] {
            assert!(!page.contains(broken), "{}: the page holds `{broken}`", report.title);
        }
    }
}

#[test]
fn tags_are_balanced() {
    for report in all() {
        let page = page(&report);
        for tag in ["table", "tr", "td", "th", "section", "figure", "svg", "details", "ul", "ol", "p", "div", "g", "text"] {
            let opened = page.matches(&format!("<{tag} ")).count() + page.matches(&format!("<{tag}>")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{}: <{tag}>", report.title);
        }
    }
}

#[test]
fn undefined_stands_with_its_reason_once() {
    let page = page(&sample::audit());
    let listed = page.split("id=\"undefined\"").nth(1).expect("the section exists");
    assert_eq!(listed.matches("no row of one group was selected").count(), 1);
    assert!(listed.contains("the group has no row with a positive label"));
}

#[test]
fn wording_states_numbers_and_passes_no_judgement() {
    for report in all() {
        let page = page(&report).to_lowercase();
        for judgement in ["unbiased", "debias", "is fair", "passed"] {
            assert!(!page.contains(judgement), "{}: the page says `{judgement}`", report.title);
        }
    }
    assert!(page(&sample::audit()).contains("SPDD for gender is "));
}

#[test]
fn published_values_stand_beside_ours() {
    let page = page(&sample::comparison(false));
    assert!(page.contains("published 0.755 (0.001)"));
    assert!(page.contains("published, tied to ours"));
}
