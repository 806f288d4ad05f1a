//! Data out of pickled files, without running anything.
//!
//! A pickle is a program for a small machine; Python's own reader runs it and thereby whatever it imports. This reader knows the
//! operations that build numbers, texts, lists, dictionaries, numpy arrays and numpy's lone numbers of 8 bytes, and exactly four names:
//! numpy's `_reconstruct`, `ndarray`, `dtype` and `scalar`. Every other name, and every operation that could call something else, is refused with its name. Sizes are checked
//! against the bytes that are there before anything is allocated; nesting is limited and a container cannot hold itself.
//!
//! Python 2 made no difference between bytes and texts: what it called a string is kept as bytes, and [`Object::text`] reads it where a
//! text is meant, as UTF-8 where it is that, else as Latin-1.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::DataError;

/// A value of a pickle.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    None,
    Flag(bool),
    Integer(i64),
    /// A lone number with a fraction, Python's or numpy's.
    Float(f64),
    Text(Rc<str>),
    Bytes(Rc<[u8]>),
    Tuple(Rc<[Object]>),
    List(Rc<RefCell<Vec<Object>>>),
    Dictionary(Rc<RefCell<Vec<(Object, Object)>>>),
    Array(Rc<RefCell<Array>>),
    Type(Rc<RefCell<ElementType>>),
    Name(Name),
    /// Marks where the items of a container begin.
    Mark,
}

/// A name that a pickle may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Reconstruct,
    Ndarray,
    Dtype,
    Scalar,
}

/// A numpy element type, for example `f4` in the byte order `<`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ElementType {
    code: String,
    order: String,
}

/// A numpy array.
#[derive(Debug, Clone, Default)]
pub(crate) struct Array {
    shape: Vec<usize>,
    element: ElementType,
    fortran: bool,
    raw: Option<Rc<[u8]>>,
    objects: Option<Rc<RefCell<Vec<Object>>>>,
}

impl Object {
    /// The value of a key of a dictionary.
    pub(crate) fn item(&self, key: &str) -> Option<Object> {
        let Object::Dictionary(items) = self else { return None };
        items.borrow().iter().find(|(known, _)| known.text().as_deref() == Some(key)).map(|(_, value)| value.clone())
    }

    /// Keys and values of a dictionary as they follow each other in the file, a repeated key as often as it stands there.
    pub(crate) fn entries(&self) -> Option<Vec<(Object, Object)>> {
        let Object::Dictionary(items) = self else { return None };
        Some(items.borrow().clone())
    }

    /// A text, or bytes that are meant as one.
    pub(crate) fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Object::Text(text) => Some(Cow::Borrowed(text)),
            Object::Bytes(bytes) => Some(match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
            }),
            _ => None,
        }
    }

    /// A lone number.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Object::Float(number) => Some(*number),
            Object::Integer(number) => Some(*number as f64),
            _ => None,
        }
    }

    /// Shape and numbers of an array of numbers, row after row.
    pub(crate) fn numbers(&self) -> Option<(Vec<usize>, Vec<f64>)> {
        let Object::Array(array) = self else { return None };
        let array = array.borrow();
        let raw = array.raw.as_ref().filter(|_| !array.fortran || array.shape.len() < 2)?;
        let little = array.element.order != ">";
        let numbers = |size: usize, number: &dyn Fn(&[u8]) -> Option<f64>| -> Option<Vec<f64>> {
            (raw.len() == array.count()?.checked_mul(size)?).then_some(())?;
            raw.chunks_exact(size)
                .map(|bytes| {
                    let mut bytes = bytes.to_vec();
                    if !little {
                        bytes.reverse();
                    }
                    number(&bytes)
                })
                .collect()
        };
        let values = match array.element.code.as_str() {
            "f8" => numbers(8, &|bytes| Some(f64::from_le_bytes(bytes.try_into().ok()?))),
            "f4" => numbers(4, &|bytes| Some(f64::from(f32::from_le_bytes(bytes.try_into().ok()?)))),
            "i8" => numbers(8, &|bytes| Some(i64::from_le_bytes(bytes.try_into().ok()?) as f64)),
            "i4" => numbers(4, &|bytes| Some(f64::from(i32::from_le_bytes(bytes.try_into().ok()?)))),
            _ => None,
        }?;
        Some((array.shape.clone(), values))
    }

    /// Texts of a one-dimensional array of fixed-width unicode texts.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        let Object::Array(array) = self else { return None };
        let array = array.borrow();
        let width: usize = array.element.code.strip_prefix('U')?.parse().ok()?;
        let raw = array.raw.as_ref()?;
        let size = width.checked_mul(4).filter(|&size| size > 0)?;
        (raw.len() == array.count()?.checked_mul(size)?).then_some(())?;
        raw.chunks_exact(size)
            .map(|text| {
                text.chunks_exact(4)
                    .map(|unit| {
                        let unit: [u8; 4] = unit.try_into().ok()?;
                        Some(if array.element.order == ">" { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) })
                    })
                    .take_while(|unit| *unit != Some(0))
                    .map(|unit| char::from_u32(unit?))
                    .collect()
            })
            .collect()
    }
}

/// Deepest nesting that is read.
const DEEPEST: usize = 16;
/// Objects that are looked at in all, for each byte of the pickle.
const VISITS: u64 = 16;
const FREE_VISITS: u64 = 1 << 20;

/// Whether a value may be put into a container that may itself be nested.
fn fits(object: &Object, levels: usize, visits: &Cell<u64>) -> bool {
    if levels == 0 || visits.get() == 0 {
        return false;
    }
    visits.set(visits.get() - 1);
    let fits = |item: &Object| fits(item, levels - 1, visits);
    match object {
        Object::Tuple(items) => items.iter().all(fits),
        Object::List(items) => items.borrow().iter().all(fits),
        Object::Dictionary(items) => items.borrow().iter().all(|(key, value)| fits(key) && fits(value)),
        Object::Array(array) => array.borrow().objects.as_ref().is_none_or(|items| items.borrow().iter().all(fits)),
        _ => true,
    }
}

impl Array {
    fn count(&self) -> Option<usize> {
        self.shape.iter().try_fold(1_usize, |count, &side| count.checked_mul(side))
    }
}

/// The one object of an `.npy` file that holds a pickled object (numpy's `save` of a dictionary).
pub(crate) fn object_of_npy(file: &str, bytes: &[u8]) -> Result<Object, DataError> {
    let changed = |reason: &str| DataError::CorpusChanged { file: file.to_owned(), reason: reason.to_owned() };
    let rest = bytes.strip_prefix(b"\x93NUMPY").ok_or_else(|| changed("it is not an .npy file; fetch the corpus again"))?;
    let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(|| changed("it is cut short; fetch the corpus again"))?;
    let short = || changed("it is cut short; fetch the corpus again");
    let (length, rest) = if version[0] == 1 {
        let (length, rest) = rest.split_first_chunk::<2>().ok_or_else(short)?;
        (usize::from(u16::from_le_bytes(*length)), rest)
    } else {
        let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        (u32::from_le_bytes(*length) as usize, rest)
    };
    let header = rest.get(..length).ok_or_else(short)?;
    if !String::from_utf8_lossy(header).contains("'descr': '|O'") {
        return Err(changed("it holds a plain array where a pickled dictionary is expected"));
    }
    let object = read(rest.get(length..).unwrap_or_default())
        .map_err(|reason| DataError::CorpusChanged { file: file.to_owned(), reason: format!("{reason}; nothing was run") })?;
    let Object::Array(array) = &object else { return Err(changed("its pickle holds no array")) };
    let objects = array.borrow().objects.clone().ok_or_else(|| changed("its array holds no object"))?;
    let first = objects.borrow().first().cloned();
    first.ok_or_else(|| changed("its array is empty"))
}

/// Runs the allowed operations; the error says which one was refused.
pub(crate) fn read(bytes: &[u8]) -> Result<Object, String> {
    // What is made once may be recalled in many places: whoever walks the places instead of the objects may never end.
    let visits = Cell::new(FREE_VISITS + VISITS * bytes.len() as u64);
    let mut machine = Machine { bytes, at: 0, stack: Vec::new(), memo: BTreeMap::new(), visits };
    loop {
        let operation = machine.take(1)?[0];
        if operation == b'.' {
            return machine.pop();
        }
        machine.step(operation)?;
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Object>,
    memo: BTreeMap<usize, Object>,
    /// Objects that may still be looked at.
    visits: Cell<u64>,
}

impl<'a> Machine<'a> {
    fn check_depth(&self, items: &[Object]) -> Result<(), String> {
        let fit = items.iter().all(|item| fits(item, DEEPEST, &self.visits));
        match (fit, self.visits.get()) {
            (true, _) => Ok(()),
            (false, 0) => Err("the pickle repeats its objects more often than any data set does".to_owned()),
            (false, _) => Err("the pickle is nested too deeply".to_owned()),
        }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len()).ok_or("the pickle is cut short")?;
        let part = &self.bytes[self.at..end];
        self.at = end;
        Ok(part)
    }

    /// A little-endian whole number of `count` bytes.
    fn whole(&mut self, count: usize) -> Result<usize, String> {
        let number = self.take(count)?.iter().rev().fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
        usize::try_from(number).map_err(|_| "the pickle states an impossible size".to_owned())
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let length = self.bytes[self.at..].iter().position(|&byte| byte == b'\n').ok_or("the pickle is cut short")?;
        let line = self.take(length)?;
        self.take(1)?;
        std::str::from_utf8(line).map_err(|_| "a name in the pickle is not UTF-8".to_owned())
    }

    fn text(&mut self, count: usize) -> Result<Object, String> {
        let text = std::str::from_utf8(self.take(count)?).map_err(|_| "a text in the pickle is not UTF-8".to_owned())?;
        Ok(Object::Text(text.into()))
    }

    fn pop(&mut self) -> Result<Object, String> {
        self.stack.pop().ok_or_else(|| "the pickle takes a value that it never made".to_owned())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Object>, String> {
        let mark = self.stack.iter().rposition(|object| matches!(object, Object::Mark)).ok_or("the pickle misses a mark")?;
        let items = self.stack.split_off(mark + 1);
        self.check_depth(&items)?;
        self.stack.pop();
        Ok(items)
    }

    fn tuple(&mut self, count: usize) -> Result<(), String> {
        let from = self.stack.len().checked_sub(count).ok_or("the pickle takes a value that it never made")?;
        let items = self.stack.split_off(from);
        self.check_depth(&items)?;
        self.stack.push(Object::Tuple(items.into()));
        Ok(())
    }

    fn name(module: &str, name: &str) -> Result<Object, String> {
        match (module, name) {
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Ok(Object::Name(Name::Reconstruct)),
            ("numpy", "ndarray") => Ok(Object::Name(Name::Ndarray)),
            ("numpy", "dtype") => Ok(Object::Name(Name::Dtype)),
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Ok(Object::Name(Name::Scalar)),
            _ => Err(format!("its pickle asks for `{module}.{name}`; only numpy arrays, lists and dictionaries are read")),
        }
    }

    fn step(&mut self, operation: u8) -> Result<(), String> {
        match operation {
            // Protocol and frame say nothing about the data.
            0x80 => drop(self.take(1)?),
            0x95 => drop(self.take(8)?),
            b'(' => self.stack.push(Object::Mark),
            b'N' => self.stack.push(Object::None),
            0x88 => self.stack.push(Object::Flag(true)),
            0x89 => self.stack.push(Object::Flag(false)),
            b'K' => {
                let number = self.whole(1)? as i64;
                self.stack.push(Object::Integer(number));
            }
            b'M' => {
                let number = self.whole(2)? as i64;
                self.stack.push(Object::Integer(number));
            }
            b'J' => {
                let number = self.whole(4)? as u32 as i32;
                self.stack.push(Object::Integer(i64::from(number)));
            }
            b'G' => {
                let bytes = self.take(8)?.try_into().map_err(|_| "the pickle is cut short")?;
                self.stack.push(Object::Float(f64::from_be_bytes(bytes)));
            }
            b'X' => {
                let count = self.whole(4)?;
                let text = self.text(count)?;
                self.stack.push(text);
            }
            0x8c => {
                let count = self.whole(1)?;
                let text = self.text(count)?;
                self.stack.push(text);
            }
            // A string of Python 2 and bytes of Python 3.
            b'U' | b'C' => {
                let count = self.whole(1)?;
                let bytes = self.take(count)?.into();
                self.stack.push(Object::Bytes(bytes));
            }
            b'B' => {
                let count = self.whole(4)?;
                let bytes = self.take(count)?.into();
                self.stack.push(Object::Bytes(bytes));
            }
            b')' => self.tuple(0)?,
            0x85 => self.tuple(1)?,
            0x86 => self.tuple(2)?,
            0x87 => self.tuple(3)?,
            b't' => {
                let items = self.pop_to_mark()?;
                self.stack.push(Object::Tuple(items.into()));
            }
            b']' => self.stack.push(Object::List(Rc::default())),
            b'}' => self.stack.push(Object::Dictionary(Rc::default())),
            b'a' => {
                let item = self.pop()?;
                self.check_depth(std::slice::from_ref(&item))?;
                self.extend_list(vec![item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.extend_list(items)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                let pair = [key, value];
                self.check_depth(&pair)?;
                self.extend_dictionary(&pair)?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.extend_dictionary(&items)?;
            }
            b'q' => {
                let place = self.whole(1)?;
                self.remember(place)?;
            }
            b'r' => {
                let place = self.whole(4)?;
                self.remember(place)?;
            }
            0x94 => self.remember(self.memo.len())?,
            b'h' => {
                let place = self.whole(1)?;
                self.recall(place)?;
            }
            b'j' => {
                let place = self.whole(4)?;
                self.recall(place)?;
            }
            b'c' => {
                let module = self.line()?;
                let name = self.line()?;
                self.stack.push(Self::name(module, name)?);
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Object::Text(name), Object::Text(module)) => self.stack.push(Self::name(&module, &name)?),
                _ => return Err("the pickle asks for a name that is no text".to_owned()),
            },
            b'R' => self.call()?,
            b'b' => self.build()?,
            other => return Err(format!("its pickle uses the operation 0x{other:02x}, which is not read")),
        }
        Ok(())
    }

    fn extend_list(&mut self, items: Vec<Object>) -> Result<(), String> {
        match self.stack.last() {
            Some(Object::List(list)) => list.borrow_mut().extend(items),
            _ => return Err("the pickle appends to what is no list".to_owned()),
        }
        Ok(())
    }

    fn extend_dictionary(&mut self, items: &[Object]) -> Result<(), String> {
        match self.stack.last() {
            Some(Object::Dictionary(dictionary)) => {
                dictionary.borrow_mut().extend(items.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())));
            }
            _ => return Err("the pickle sets a key of what is no dictionary".to_owned()),
        }
        Ok(())
    }

    fn remember(&mut self, place: usize) -> Result<(), String> {
        let object = self.stack.last().ok_or("the pickle keeps a value that it never made")?.clone();
        self.memo.insert(place, object);
        Ok(())
    }

    fn recall(&mut self, place: usize) -> Result<(), String> {
        let object = self.memo.get(&place).ok_or("the pickle recalls a value that it never kept")?.clone();
        // A container that stands in two places could be put into itself.
        if matches!(object, Object::List(_) | Object::Dictionary(_) | Object::Array(_)) {
            return Err("the pickle uses one container in two places".to_owned());
        }
        self.stack.push(object);
        Ok(())
    }

    /// `_reconstruct(...)` gives an empty array, `dtype(code, ...)` an element type and `scalar(element type, bytes)` a number; nothing
    /// else can be called.
    fn call(&mut self) -> Result<(), String> {
        let arguments = self.pop()?;
        let callee = self.pop()?;
        let object = match (callee, arguments) {
            (Object::Name(Name::Reconstruct), _) => Object::Array(Rc::default()),
            (Object::Name(Name::Dtype), Object::Tuple(arguments)) => match arguments.first().and_then(Object::text) {
                Some(code) => Object::Type(Rc::new(RefCell::new(ElementType { code: code.into_owned(), order: String::new() }))),
                None => return Err("the pickle holds an element type without a code".to_owned()),
            },
            (Object::Name(Name::Scalar), Object::Tuple(arguments)) => Object::Float(scalar(&arguments)?),
            _ => return Err("the pickle calls what is no numpy array".to_owned()),
        };
        self.stack.push(object);
        Ok(())
    }

    /// Fills the array or element type below with its state.
    fn build(&mut self) -> Result<(), String> {
        let state = self.pop()?;
        let (Some(target), Object::Tuple(state)) = (self.stack.last(), state) else {
            return Err("the pickle builds what is no numpy array".to_owned());
        };
        match (target, &*state) {
            (Object::Type(element), [_, order, ..]) => {
                let order = order.text().ok_or("an element type has a byte order that is no text")?;
                element.borrow_mut().order = order.into_owned();
            }
            (Object::Array(array), [_, Object::Tuple(shape), Object::Type(element), Object::Flag(fortran), content]) => {
                let mut array = array.borrow_mut();
                array.shape = shape
                    .iter()
                    .map(|side| match side {
                        Object::Integer(side) => usize::try_from(*side).map_err(|_| "an array has a negative side".to_owned()),
                        _ => Err("an array has a side that is no number".to_owned()),
                    })
                    .collect::<Result<_, _>>()?;
                array.element = element.borrow().clone();
                array.fortran = *fortran;
                match content {
                    Object::Bytes(bytes) => array.raw = Some(Rc::clone(bytes)),
                    Object::List(list) if fits(content, DEEPEST, &self.visits) => array.objects = Some(Rc::clone(list)),
                    _ => return Err("an array holds neither bytes nor objects".to_owned()),
                }
            }
            _ => return Err("the pickle builds what is no numpy array".to_owned()),
        }
        Ok(())
    }
}

/// The number of a numpy scalar: an element type `f8` and its 8 bytes.
fn scalar(arguments: &[Object]) -> Result<f64, String> {
    let [Object::Type(element), Object::Bytes(bytes)] = arguments else {
        return Err("the pickle holds a numpy number without type or bytes".to_owned());
    };
    let element = element.borrow();
    let bytes: Option<[u8; 8]> = bytes.as_ref().try_into().ok();
    match (element.code.as_str(), element.order.as_str(), bytes) {
        ("f8", "<" | "=", Some(bytes)) => Ok(f64::from_le_bytes(bytes)),
        ("f8", ">", Some(bytes)) => Ok(f64::from_be_bytes(bytes)),
        (code, order, _) => {
            Err(format!("the pickle holds a numpy number of the type `{order}{code}`; only `<f8` and `>f8` with 8 bytes are read"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_anything_else_is_refused_by_name() {
        // What `os.system("true")` pickles to.
        assert_eq!(
            read(b"\x80\x03cposix\nsystem\nX\x04\x00\x00\x00true\x85R.").unwrap_err(),
            "its pickle asks for `posix.system`; only numpy arrays, lists and dictionaries are read"
        );
        assert_eq!(read(b"\x80\x02cnumpy\nndarray\n)\x81.").unwrap_err(), "its pickle uses the operation 0x81, which is not read");
        assert_eq!(read(b"\x80\x02cnumpy\nndarray\n)R.").unwrap_err(), "the pickle calls what is no numpy array");
    }

    #[test]
    fn broken_pickles_end_in_an_error() {
        let whole = b"\x80\x03}q\x00(X\x01\x00\x00\x00ag\x40\x00\x00\x00\x00\x00\x00\x00u.";
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err());
        }
        assert_eq!(read(b"B\xff\xff\xff\xffabc.").unwrap_err(), "the pickle is cut short");
        let nested = [b"K\x01".as_slice(), &vec![0x85; 1_000_000], b"."].concat();
        assert_eq!(read(&nested).unwrap_err(), "the pickle is nested too deeply");
        // A tuple of sixty tuples of sixty tuples ..., each made once and recalled from the memo.
        let mut recalled = b"\x80\x02K\x01q\x00".to_vec();
        for level in 0..8_u8 {
            recalled.push(b'(');
            (0..60).for_each(|_| recalled.extend([b'h', level]));
            recalled.extend([b't', b'q', level + 1]);
        }
        recalled.push(b'.');
        assert_eq!(read(&recalled).unwrap_err(), "the pickle repeats its objects more often than any data set does");
        assert_eq!(read(b"]q\x00h\x00a.").unwrap_err(), "the pickle uses one container in two places");
        assert!(read(b"a.").is_err() && read(b"h\x05.").is_err() && read(b"e.").is_err() && read(b"b.").is_err());
    }

    #[test]
    fn dictionaries_and_lists_are_read() {
        let object = read(b"\x80\x03}q\x00(X\x01\x00\x00\x00aK\x07X\x01\x00\x00\x00b](G?\xe0\x00\x00\x00\x00\x00\x00K\x02eu.").unwrap();
        assert!(matches!(object.item("a"), Some(Object::Integer(7))));
        let Some(Object::List(list)) = object.item("b") else { panic!("b is a list") };
        assert!(matches!(list.borrow().as_slice(), [Object::Float(half), Object::Integer(2)] if *half == 0.5));
    }

    /// A numpy number as Python 2 wrote it, of a type with this code and byte order.
    fn numpy_number(code: &[u8], order: u8, bytes: &[u8]) -> Vec<u8> {
        let mut pickle = b"\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nU\x02".to_vec();
        pickle.extend_from_slice(code);
        pickle.extend_from_slice(b"K\x00K\x01\x87R(K\x03U\x01");
        pickle.push(order);
        pickle.extend_from_slice(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbU");
        pickle.push(bytes.len() as u8);
        pickle.extend_from_slice(bytes);
        pickle.extend_from_slice(b"\x86R.");
        pickle
    }

    #[test]
    fn numpy_numbers_are_read_in_both_byte_orders_and_others_refused() {
        let number = |pickle: &[u8]| read(pickle).map(|object| object.number().unwrap());
        // 0.6261682242990654, with bytes that are no UTF-8.
        let value = 0.626_168_224_299_065_4_f64;
        assert!(std::str::from_utf8(&value.to_le_bytes()).is_err());
        assert_eq!(number(&numpy_number(b"f8", b'<', &value.to_le_bytes())), Ok(value));
        assert_eq!(number(&numpy_number(b"f8", b'>', &value.to_be_bytes())), Ok(value));
        let refusal = "the pickle holds a numpy number of the type `<f4`; only `<f8` and `>f8` with 8 bytes are read";
        assert_eq!(number(&numpy_number(b"f4", b'<', &[0; 4])).unwrap_err(), refusal);
        assert!(number(&numpy_number(b"f8", b'<', &[0; 7])).unwrap_err().contains("8 bytes"));
        assert!(number(&numpy_number(b"O8", b'|', &[0; 8])).unwrap_err().contains("`|O8`"));
        let untyped = b"\x80\x02cnumpy.core.multiarray\nscalar\nU\x02f8U\x0800000000\x86R.";
        assert_eq!(number(untyped).unwrap_err(), "the pickle holds a numpy number without type or bytes");
    }

    #[test]
    fn strings_of_python_2_are_texts_where_a_text_is_meant() {
        let object = read(b"\x80\x02}(U\x01aU\x04caf\xe9U\x01bU\x05caf\xc3\xa9X\x01\x00\x00\x00cX\x01\x00\x00\x00\xc3u.");
        assert_eq!(object.unwrap_err(), "a text in the pickle is not UTF-8");
        let object = read(b"\x80\x02}(U\x01aU\x04caf\xe9U\x01bU\x05caf\xc3\xa9u.").unwrap();
        let texts: Vec<String> = object.entries().unwrap().iter().map(|(_, value)| value.text().unwrap().into_owned()).collect();
        assert_eq!(texts, ["café", "café"]);
        assert!(object.item("b").is_some() && object.item("c").is_none());
        assert_eq!(read(b"U\xffabc.").unwrap_err(), "the pickle is cut short");
    }
}
