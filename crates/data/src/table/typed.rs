//! Columns of typed files (Parquet, Arrow) as the two kinds that the roles know: texts and numbers.

use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use arrow_array::cast::AsArray;
use arrow_array::temporal_conversions::{as_date, as_datetime, as_time};
use arrow_array::types::{
    ArrowPrimitiveType, ArrowTimestampType, Date32Type, Date64Type, Decimal32Type, Decimal64Type, Decimal128Type, Decimal256Type,
    DecimalType, DurationMicrosecondType, DurationMillisecondType, DurationNanosecondType, DurationSecondType, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, Time32MillisecondType, Time32SecondType, Time64MicrosecondType,
    Time64NanosecondType, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType, TimestampSecondType, UInt8Type,
    UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, TimeUnit};

use super::raw::{Cells, Part};
use crate::DataError;

/// The largest whole number up to which `f64` tells all of them apart.
const EXACT: i64 = 1 << 53;

/// Bytes of texts in one batch: an array counts them with 32 bits.
const MOST_TEXT: usize = 1 << 30;

/// The wanted columns of a batch, in the wanted order, without the rows that are empty in `whole`, all columns of the file.
pub(super) fn part(batch: &RecordBatch, wanted: &[String], kind: &str, empty: &[usize]) -> Result<Part, DataError> {
    let columns = wanted.iter().map(|name| Ok(Cells::of(&column(batch, name, kind)?))).collect::<Result<Vec<_>, DataError>>()?;
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

/// Bytes that a column takes once every row has a text of its own.
pub(super) fn unfolded_bytes(array: &ArrayRef) -> usize {
    match array.data_type() {
        DataType::Utf8View => array.as_string_view().total_bytes_len() + 16 * array.len(),
        DataType::BinaryView => array.as_binary_view().total_bytes_len() + 16 * array.len(),
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let lengths: Vec<usize> = match dictionary.values().data_type() {
                DataType::Utf8 => dictionary.values().as_string::<i32>().offsets().lengths().collect(),
                DataType::LargeUtf8 => dictionary.values().as_string::<i64>().offsets().lengths().collect(),
                DataType::Utf8View => dictionary.values().as_string_view().lengths().map(|length| length as usize).collect(),
                _ => Vec::new(),
            };
            if lengths.is_empty() {
                return 16 * array.len();
            }
            let keys = dictionary.normalized_keys();
            keys.iter().enumerate().filter(|(row, _)| array.is_valid(*row)).map(|(_, &key)| 16 + lengths[key]).sum()
        }
        _ => array.get_array_memory_size(),
    }
}

/// Numbers become `f64`, everything else text.
fn column(batch: &RecordBatch, name: &str, kind: &str) -> Result<ArrayRef, DataError> {
    let given = batch.column_by_name(name).ok_or_else(|| {
        DataError::from(crate::RowsError::BadColumn { column: name.to_owned(), reason: "the reader did not return it".to_owned() })
    })?;
    let refuse = |reason: String| DataError::from(crate::RowsError::BadColumn { column: name.to_owned(), reason });
    if unfolded_bytes(given) > MOST_TEXT {
        return Err(refuse(format!("its texts are longer than {} MiB in {} rows; leave the column out", MOST_TEXT >> 20, given.len())));
    }
    plain(given).ok_or_else(|| {
        let found = given.data_type();
        refuse(format!("its {kind} type {found} is neither a number nor a text; convert it, or leave the column out"))
    })
}

/// The values as numbers or texts; `None` for types that are neither. Whole numbers too long for `f64` are ids, of which two must not become one:
/// a column that holds one of them stays text.
fn plain(array: &ArrayRef) -> Option<ArrayRef> {
    Some(match array.data_type() {
        DataType::Float64 | DataType::Utf8 => Arc::clone(array),
        DataType::Null => Arc::new(Float64Array::new_null(array.len())),
        DataType::Int8 => numbers::<Int8Type>(array, f64::from),
        DataType::Int16 => numbers::<Int16Type>(array, f64::from),
        DataType::Int32 => numbers::<Int32Type>(array, f64::from),
        DataType::Int64 => whole::<Int64Type>(array, |number| (-EXACT..=EXACT).contains(&number), |number| number as f64),
        DataType::UInt8 => numbers::<UInt8Type>(array, f64::from),
        DataType::UInt16 => numbers::<UInt16Type>(array, f64::from),
        DataType::UInt32 => numbers::<UInt32Type>(array, f64::from),
        DataType::UInt64 => whole::<UInt64Type>(array, |number| number <= EXACT as u64, |number| number as f64),
        DataType::Float16 => numbers::<Float16Type>(array, f64::from),
        DataType::Float32 => numbers::<Float32Type>(array, f64::from),
        DataType::Decimal32(precision, scale) => decimals::<Decimal32Type>(array, *precision, *scale),
        DataType::Decimal64(precision, scale) => decimals::<Decimal64Type>(array, *precision, *scale),
        DataType::Decimal128(precision, scale) => decimals::<Decimal128Type>(array, *precision, *scale),
        DataType::Decimal256(precision, scale) => decimals::<Decimal256Type>(array, *precision, *scale),
        DataType::LargeUtf8 => Arc::new(array.as_string::<i64>().iter().collect::<StringArray>()),
        DataType::Utf8View => Arc::new(array.as_string_view().iter().collect::<StringArray>()),
        DataType::Binary => utf8(array.as_binary::<i32>().iter())?,
        DataType::LargeBinary => utf8(array.as_binary::<i64>().iter())?,
        DataType::BinaryView => utf8(array.as_binary_view().iter())?,
        // In seconds.
        DataType::Duration(TimeUnit::Second) => numbers::<DurationSecondType>(array, |count| count as f64),
        DataType::Duration(TimeUnit::Millisecond) => numbers::<DurationMillisecondType>(array, |count| count as f64 / 1e3),
        DataType::Duration(TimeUnit::Microsecond) => numbers::<DurationMicrosecondType>(array, |count| count as f64 / 1e6),
        DataType::Duration(TimeUnit::Nanosecond) => numbers::<DurationNanosecondType>(array, |count| count as f64 / 1e9),
        DataType::Boolean => texts(array.as_boolean().iter()),
        DataType::Date32 => told::<Date32Type>(array, |day| as_date::<Date32Type>(day.into()).map(|day| day.to_string()))?,
        DataType::Date64 => told::<Date64Type>(array, |day| as_date::<Date64Type>(day).map(|day| day.to_string()))?,
        DataType::Time32(TimeUnit::Second) => {
            told::<Time32SecondType>(array, |time| as_time::<Time32SecondType>(time.into()).map(|time| time.to_string()))?
        }
        DataType::Time32(_) => {
            told::<Time32MillisecondType>(array, |time| as_time::<Time32MillisecondType>(time.into()).map(|time| time.to_string()))?
        }
        DataType::Time64(TimeUnit::Microsecond) => {
            told::<Time64MicrosecondType>(array, |time| as_time::<Time64MicrosecondType>(time).map(|time| time.to_string()))?
        }
        DataType::Time64(_) => {
            told::<Time64NanosecondType>(array, |time| as_time::<Time64NanosecondType>(time).map(|time| time.to_string()))?
        }
        DataType::Timestamp(TimeUnit::Second, zone) => moments::<TimestampSecondType>(array, zone.is_some())?,
        DataType::Timestamp(TimeUnit::Millisecond, zone) => moments::<TimestampMillisecondType>(array, zone.is_some())?,
        DataType::Timestamp(TimeUnit::Microsecond, zone) => moments::<TimestampMicrosecondType>(array, zone.is_some())?,
        DataType::Timestamp(TimeUnit::Nanosecond, zone) => moments::<TimestampNanosecondType>(array, zone.is_some())?,
        // A dictionary is what its values are: long ids hide in one as well as in a plain column.
        DataType::Dictionary(..) => {
            let dictionary = array.as_any_dictionary();
            let values = plain(dictionary.values())?;
            if values.is_empty() {
                // Of no value nothing can be asked, not even by a key that is null.
                return Some(match values.data_type() {
                    DataType::Float64 => Arc::new(Float64Array::new_null(array.len())),
                    _ => Arc::new(StringArray::new_null(array.len())),
                });
            }
            let keys = dictionary.normalized_keys();
            let valid = |row: usize| (array.is_valid(row) && values.is_valid(keys[row])).then(|| keys[row]);
            let rows = 0..array.len();
            match values.as_primitive_opt::<Float64Type>() {
                Some(numbers) => Arc::new(rows.map(|row| valid(row).map(|key| numbers.value(key))).collect::<Float64Array>()),
                None => Arc::new(rows.map(|row| valid(row).map(|key| values.as_string::<i32>().value(key))).collect::<StringArray>()),
            }
        }
        _ => return None,
    })
}

fn numbers<T: ArrowPrimitiveType>(array: &ArrayRef, number: impl Fn(T::Native) -> f64) -> ArrayRef {
    Arc::new(array.as_primitive::<T>().unary::<_, Float64Type>(number))
}

fn whole<T>(array: &ArrayRef, exact: impl Fn(T::Native) -> bool, number: impl Fn(T::Native) -> f64) -> ArrayRef
where
    T: ArrowPrimitiveType,
    T::Native: Display,
{
    if array.as_primitive::<T>().iter().flatten().all(exact) {
        numbers::<T>(array, number)
    } else {
        texts(array.as_primitive::<T>().iter())
    }
}

/// Through their text, which is read as the nearest number there is.
fn decimals<T: DecimalType>(array: &ArrayRef, precision: u8, scale: i8) -> ArrayRef {
    let written = || array.as_primitive::<T>().iter().map(|value| value.map(|value| T::format_decimal(value, precision, scale)));
    let number = |text: Option<String>| text.and_then(|text| text.parse::<f64>().ok());
    if scale <= 0 && written().filter_map(number).any(|number| number.abs() >= EXACT as f64) {
        return texts(written());
    }
    Arc::new(written().map(number).collect::<Float64Array>())
}

fn texts<T: Display>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.map(|value| value.map(|value| value.to_string())).collect::<StringArray>())
}

/// Bytes as text, where all of them are.
fn utf8<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> Option<ArrayRef> {
    let texts: Result<StringArray, std::str::Utf8Error> = values.map(|value| value.map(std::str::from_utf8).transpose()).collect();
    Some(Arc::new(texts.ok()?))
}

/// Values told in words; `None` where one has none.
fn told<T: ArrowPrimitiveType>(array: &ArrayRef, tell: impl Fn(T::Native) -> Option<String>) -> Option<ArrayRef> {
    let told: Option<Vec<Option<String>>> =
        array.as_primitive::<T>().iter().map(|value| value.map_or(Some(None), |value| tell(value).map(Some))).collect();
    Some(Arc::new(told?.into_iter().collect::<StringArray>()))
}

/// Days with their time; of a moment in some zone, the time at Greenwich.
fn moments<T: ArrowTimestampType>(array: &ArrayRef, zoned: bool) -> Option<ArrayRef> {
    told::<T>(array, |moment| as_datetime::<T>(moment).map(|moment| format!("{moment:?}{}", if zoned { "Z" } else { "" })))
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
    fn a_category_of_which_all_is_missing_is_missing() {
        let keys = Int32Array::from(vec![None, None]);
        let dictionary = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(StringArray::new_null(0))).unwrap();
        let batch = RecordBatch::try_from_iter([("g", Arc::new(dictionary) as ArrayRef)]).unwrap();
        let column = column(&batch, "g", "Arrow").unwrap();
        assert_eq!((column.len(), column.null_count()), (2, 2));
    }

    #[test]
    fn days_moments_and_truth_values_become_texts() {
        assert_eq!(texts(Arc::new(arrow_array::Date32Array::from(vec![0, 19_753]))), ["1970-01-01", "2024-01-31"]);
        let seconds = vec![19_753 * 86_400 + 3_661];
        assert_eq!(texts(Arc::new(arrow_array::TimestampSecondArray::from(seconds.clone()))), ["2024-01-31T01:01:01"]);
        let zoned = arrow_array::TimestampSecondArray::from(seconds).with_timezone("Europe/Berlin");
        assert_eq!(texts(Arc::new(zoned)), ["2024-01-31T01:01:01Z"], "told at Greenwich");
        assert_eq!(texts(Arc::new(arrow_array::BooleanArray::from(vec![true, false]))), ["true", "false"]);
        assert_eq!(texts(Arc::new(arrow_array::BinaryArray::from(vec!["München".as_bytes()]))), ["München"]);
        let batch = RecordBatch::try_from_iter([("id", Arc::new(arrow_array::BinaryArray::from(vec![&b"\xff"[..]])) as ArrayRef)]).unwrap();
        assert!(column(&batch, "id", "Parquet").unwrap_err().to_string().contains("Binary"));
    }

    #[test]
    fn decimals_and_their_dictionaries_become_the_nearest_numbers() {
        let decimals = Decimal128Array::from(vec![Some(1_005), None, Some(-7)]).with_precision_and_scale(9, 2).unwrap();
        let keys = Int32Array::from(vec![Some(2), Some(0), None, Some(1)]);
        let dictionary = DictionaryArray::<Int32Type>::try_new(keys, Arc::new(decimals)).unwrap();
        let batch = RecordBatch::try_from_iter([("x", Arc::new(dictionary) as ArrayRef)]).unwrap();
        let numbers = column(&batch, "x", "Arrow").unwrap();
        let numbers: Vec<Option<f64>> = numbers.as_primitive::<Float64Type>().iter().collect();
        assert_eq!(numbers, [Some(-0.07), Some(10.05), None, None]);
    }

    #[test]
    fn a_panic_becomes_its_words() {
        assert_eq!(without_panic(|| 7), Ok(7));
        let told = without_panic(|| -> usize { panic!("index out of bounds") }).unwrap_err();
        assert_eq!(told, "the file is damaged (its reader stopped: index out of bounds)");
    }
}
