//! Columns of typed files (Parquet, Arrow) as the two kinds that the roles know: texts and numbers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type, UInt64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::{can_cast_types, cast};
use arrow_schema::DataType;

use super::raw::Part;
use crate::DataError;

/// The largest whole number up to which `f64` tells all of them apart.
const EXACT: i64 = 1 << 53;

/// The wanted columns of a batch, in the wanted order, without the rows that are empty in `whole`, all columns of the file.
pub(super) fn part(batch: &RecordBatch, wanted: &[String], kind: &str, empty: &[usize]) -> Result<Part, DataError> {
    let columns = wanted.iter().map(|name| column(batch, name, kind)).collect::<Result<Vec<_>, _>>()?;
    Ok(Part::without(columns, empty))
}

/// Rows of a batch in which every column is null or an empty text.
pub(super) fn rows_without_value(batch: &RecordBatch) -> Vec<usize> {
    let empty = |column: &ArrayRef, row: usize| {
        column.is_null(row)
            || match column.data_type() {
                DataType::Null => true,
                DataType::Utf8 => column.as_string::<i32>().value(row).trim().is_empty(),
                DataType::LargeUtf8 => column.as_string::<i64>().value(row).trim().is_empty(),
                DataType::Utf8View => column.as_string_view().value(row).trim().is_empty(),
                DataType::Float64 => column.as_primitive::<Float64Type>().value(row).is_nan(),
                _ => false,
            }
    };
    let Some((first, others)) = batch.columns().split_first() else { return Vec::new() };
    (0..batch.num_rows()).filter(|&row| empty(first, row) && others.iter().all(|column| empty(column, row))).collect()
}

/// Whether whole numbers are too long for `f64`: they are ids, and two of them must not become one.
fn holds_long_ids(array: &ArrayRef) -> bool {
    match array.data_type() {
        DataType::Int64 => array.as_primitive::<Int64Type>().iter().flatten().any(|number| !(-EXACT..=EXACT).contains(&number)),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().iter().flatten().any(|number| number > EXACT as u64),
        DataType::Decimal128(_, 0) | DataType::Decimal256(_, 0) => cast(array, &DataType::Float64)
            .is_ok_and(|numbers| numbers.as_primitive::<Float64Type>().iter().flatten().any(|number| number.abs() >= EXACT as f64)),
        _ => false,
    }
}

/// Numbers become `f64`, everything else text.
fn column(batch: &RecordBatch, name: &str, kind: &str) -> Result<ArrayRef, DataError> {
    let unreadable = |found: &DataType| {
        DataError::from(crate::RowsError::BadColumn {
            column: name.to_owned(),
            reason: format!("its {kind} type {found} is neither a number nor a text; convert it, or leave the column out"),
        })
    };
    let given = batch.column_by_name(name).ok_or_else(|| {
        DataError::from(crate::RowsError::BadColumn { column: name.to_owned(), reason: "the reader did not return it".to_owned() })
    })?;
    // A dictionary is what its values are: long ids hide in one as well as in a plain column.
    let array = match given.data_type() {
        DataType::Dictionary(_, values) => cast(given, values).map_err(|_| unreadable(given.data_type()))?,
        _ => Arc::clone(given),
    };
    let numeric = (array.data_type().is_numeric() || matches!(array.data_type(), DataType::Null)) && !holds_long_ids(&array);
    let target = if numeric { DataType::Float64 } else { DataType::Utf8 };
    if array.data_type().is_nested() || !can_cast_types(array.data_type(), &target) {
        return Err(unreadable(given.data_type()));
    }
    if *array.data_type() == target {
        return Ok(array);
    }
    cast(&array, &target).map_err(|_| unreadable(given.data_type()))
}

/// Runs a reader that panics on damaged bytes, and gives the panic's words. The reader's panic is not written to standard error; those of
/// other threads are, as before.
pub(super) fn without_panic<T>(read: impl FnOnce() -> T) -> Result<T, String> {
    thread_local!(static READING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !READING.get() {
                told(panic);
            }
        }));
    });
    let before = READING.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(read));
    READING.set(before);
    outcome.map_err(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        let words: String = words.unwrap_or("for no reason given").chars().take(200).collect();
        format!("the file is damaged (its reader stopped: {words})")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::types::Int32Type;
    use arrow_array::{Decimal128Array, DictionaryArray, Int32Array, Int64Array};

    fn texts(array: ArrayRef) -> Vec<String> {
        let batch = RecordBatch::try_from_iter([("id", array)]).unwrap();
        column(&batch, "id", "Parquet").unwrap().as_string::<i32>().iter().flatten().map(str::to_owned).collect()
    }

    #[test]
    fn long_ids_stay_apart_in_every_kind_of_column() {
        let ids = [9_007_199_254_740_992, 9_007_199_254_740_993];
        let expected = ids.map(|id: i64| id.to_string());
        assert_eq!(texts(Arc::new(Int64Array::from(ids.to_vec()))), expected);
        let keys = Int32Array::from(vec![0, 1]);
        let dictionary = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(Int64Array::from(ids.to_vec()))).unwrap();
        assert_eq!(texts(Arc::new(dictionary)), expected);
        let decimals = Decimal128Array::from(ids.map(i128::from).to_vec()).with_precision_and_scale(38, 0).unwrap();
        assert_eq!(texts(Arc::new(decimals)), expected);
    }

    #[test]
    fn a_panic_becomes_its_words() {
        assert_eq!(without_panic(|| 7), Ok(7));
        let told = without_panic(|| -> usize { panic!("index out of bounds") }).unwrap_err();
        assert_eq!(told, "the file is damaged (its reader stopped: index out of bounds)");
    }
}
