//! What a fitted encoder says of rows that the training rows were not like.

use evenhand_rows::table::{Cells, Column, Form, Table};
use evenhand_rows::{ColumnType, Dataset, Encoder, Encoding, NumericEncoding, RowsError, Schema, roles};

fn rows(income: &[f64]) -> Dataset {
    let cells = Cells::Numbers { form: Form::Real { decimals: 1 }, values: income.to_vec() };
    let columns = vec![Column { name: "income".to_owned(), cells }];
    let types = [("income".to_owned(), ColumnType::Numeric)].into();
    roles::dataset(&Table { columns }, "rows", &Schema { types, ..Schema::default() }).unwrap()
}

#[test]
fn numbers_far_outside_of_the_training_rows_are_counted() {
    let encoder = Encoder::fit(&rows(&[10.0, 20.0, 30.0]), Encoding::default()).unwrap();
    // 10 to 30 are 20 apart: from -10 to 50 a number lies near enough.
    let far = encoder.far(&rows(&[-10.0, 50.0, 51.0, 1e9, f64::NAN])).unwrap();
    assert_eq!(far["income"], (2, 10.0, 30.0));
    assert!(encoder.far(&rows(&[25.0])).unwrap().is_empty());
}

#[test]
fn a_number_that_no_model_can_compute_with_is_refused_with_its_row() {
    for numeric in [NumericEncoding::Standardise, NumericEncoding::MinMax, NumericEncoding::None] {
        let encoder = Encoder::fit(&rows(&[1.0, 2.0, 3.0]), Encoding { numeric, ..Encoding::default() }).unwrap();
        let refused = encoder.transform(&rows(&[2.0, 1e308])).unwrap_err();
        assert!(matches!(&refused, RowsError::BadValue { column, row: 2, .. } if column == "income"), "{refused}");
    }
}
