//! Tests of the crate as its users see it.
#![allow(clippy::unwrap_used, reason = "a broken test ends at once")]

mod corpora;
#[cfg(feature = "fetch")]
mod fetch;
mod first_impressions;
mod interviews;
mod registry;
mod sheet;
mod synthetic;
mod table;
mod table_formats;
mod typed_numbers;
