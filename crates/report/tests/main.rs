//! Integration tests of the report crate, one module a subject.

#![allow(clippy::unwrap_used)]

mod audited;
mod html;
mod measures;
mod sample;
mod summary;
mod text;
mod view;

/// A report of every kind, for what holds of all of them.
fn every() -> Vec<evenhand_report::Report> {
    vec![
        sample::comparison(true),
        sample::comparison(false),
        sample::audit(),
        sample::sweep(),
        sample::chosen_sweep(),
        sample::single(),
        sample::extremes(),
        sample::ranking(30, 14),
        sample::balancing(14),
        audited::audit(),
        audited::decisions(),
        audited::law(),
        audited::scores(),
        audited::hostile(),
    ]
}
