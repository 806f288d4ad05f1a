//! State dicts out of torch's old container, without running anything.
//!
//! ```text
//! pickle: magic number   pickle: 1001   pickle: {little_endian: true, ...}   pickle: {name: tensor}   pickle: [storage key]
//! then per key: i64 count, count little-endian f32
//! ```
//!
//! A pickle is a program for a small machine. This reader knows the operations that build numbers, texts, tuples, lists and dictionaries and
//! three names: `collections.OrderedDict`, `torch._utils._rebuild_tensor_v2`, `torch.FloatStorage`. Every other name or operation is
//! refused. What is recalled from the machine's memory is a name or a text, so nothing can hold itself or double; nesting is limited;
//! sizes are checked against the bytes that are there. Tensors must be f32; their strides are
//! followed (the released files hold convolutions column by column). Containers since torch 1.6 are zip files: refused
//! with the way to save them anew (the released weights are old containers).
//!
//! The reader of pickles in `evenhand-data` is made for numpy arrays; it shares no operation beyond the simple ones with this.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Little-endian bytes of 0x1950a86a20f9469cfc6c.
const MAGIC: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// Deepest nesting that is read.
const DEEPEST: usize = 8;

/// An array of numbers, row after row.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Array {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
}

#[derive(Debug, Clone)]
enum Value {
    None,
    Flag(bool),
    Integer(i64),
    /// A whole number of more than eight bytes.
    Long(Vec<u8>),
    Text(Rc<str>),
    Tuple(Vec<Value>),
    List(Vec<Value>),
    Dictionary(Vec<(Value, Value)>),
    Name(Name),
    Storage(Rc<str>),
    Tensor(Tensor),
    Mark,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    OrderedDict,
    RebuildTensor,
    FloatStorage,
}

#[derive(Debug, Clone)]
struct Tensor {
    storage: Rc<str>,
    offset: usize,
    shape: Vec<usize>,
    strides: Vec<usize>,
}

/// The arrays of a state dict by name; the error is a sentence whose subject is the file.
pub(super) fn read(bytes: &[u8]) -> Result<BTreeMap<String, Array>, String> {
    if bytes.starts_with(b"PK\x03\x04") {
        return Err("is a zip container of torch 1.6 or newer, which is not read".to_owned());
    }
    let mut at = 0;
    if !matches!(pickle(bytes, &mut at), Ok(Value::Long(number)) if number == MAGIC) {
        return Err("is no container of torch (its magic number is missing)".to_owned());
    }
    match pickle(bytes, &mut at)? {
        Value::Integer(1001) => {}
        _ => return Err("has a protocol version that is not read".to_owned()),
    }
    let Value::Dictionary(system) = pickle(bytes, &mut at)? else { return Err("lacks the description of its system".to_owned()) };
    if !system.iter().any(|(key, value)| matches!((key, value), (Value::Text(key), Value::Flag(true)) if **key == *"little_endian")) {
        return Err("was not written on a little-endian machine".to_owned());
    }
    let Value::Dictionary(state) = pickle(bytes, &mut at)? else { return Err("holds no state dict".to_owned()) };
    let Value::List(keys) = pickle(bytes, &mut at)? else { return Err("lacks the list of its storages".to_owned()) };
    let mut storages: BTreeMap<Rc<str>, &[u8]> = BTreeMap::new();
    for key in keys {
        let Value::Text(key) = key else { return Err("names a storage by what is no text".to_owned()) };
        let count = u64::from_le_bytes(take(bytes, &mut at, 8)?.try_into().map_err(|_| SHORT)?);
        let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(4)).ok_or("states an impossible size")?;
        storages.insert(key, take(bytes, &mut at, length)?);
    }
    let mut arrays = BTreeMap::new();
    // Tensors that share a storage could otherwise multiply it.
    let mut left = bytes.len() / 4;
    for (name, value) in state {
        let (Value::Text(name), Value::Tensor(tensor)) = (name, value) else {
            return Err("holds something else than tensors with names".to_owned());
        };
        let array = tensor.array(&storages).map_err(|problem| format!("holds the tensor `{name}` {problem}"))?;
        left = left.checked_sub(array.values.len()).ok_or("holds more numbers in its tensors than in its storages")?;
        if arrays.insert(name.to_string(), array).is_some() {
            return Err(format!("holds the tensor `{name}` twice"));
        }
    }
    Ok(arrays)
}

impl Tensor {
    fn array(&self, storages: &BTreeMap<Rc<str>, &[u8]>) -> Result<Array, String> {
        let storage = storages.get(&self.storage).ok_or("without its numbers")?;
        let numbers = storage.as_chunks::<4>().0;
        // The released files hold convolutions column by column, so strides are followed; but no number may be used twice over.
        let count = self.shape.iter().try_fold(1_usize, |count, &side| count.checked_mul(side)).filter(|&count| count <= numbers.len());
        let count = count.ok_or("with more numbers than there are")?;
        let mut places = Vec::with_capacity(count);
        places.push(self.offset);
        for (&side, &stride) in self.shape.iter().zip(&self.strides) {
            if side == 0 || side > 1 && stride == 0 {
                return Err("in an order that is not read".to_owned());
            }
            let starts = std::mem::take(&mut places);
            for start in starts {
                for step in 0..side {
                    let place = step.checked_mul(stride).and_then(|step| step.checked_add(start));
                    places.push(place.filter(|&place| place < numbers.len()).ok_or("with more numbers than there are")?);
                }
            }
        }
        let values = places.into_iter().map(|place| numbers.get(place).map(|bytes| f32::from_le_bytes(*bytes)));
        let values = values.collect::<Option<Vec<f32>>>().ok_or("with more numbers than there are")?;
        Ok(Array { shape: self.shape.clone(), values })
    }
}

const SHORT: &str = "is cut short";

fn take<'a>(bytes: &'a [u8], at: &mut usize, count: usize) -> Result<&'a [u8], String> {
    let end = at.checked_add(count).filter(|&end| end <= bytes.len()).ok_or(SHORT)?;
    let part = &bytes[*at..end];
    *at = end;
    Ok(part)
}

/// Runs the allowed operations from `at` to the pickle's end.
fn pickle(bytes: &[u8], at: &mut usize) -> Result<Value, String> {
    let mut machine = Machine { bytes, at: *at, stack: Vec::new(), memory: BTreeMap::new() };
    loop {
        let operation = machine.take(1)?[0];
        if operation == b'.' {
            *at = machine.at;
            return machine.pop();
        }
        machine.step(operation)?;
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    memory: BTreeMap<usize, Value>,
}

const MISSING: &str = "has a pickle that takes a value which it never made";

impl<'a> Machine<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        take(self.bytes, &mut self.at, count)
    }

    fn whole(&mut self, count: usize) -> Result<usize, String> {
        Ok(self.take(count)?.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte)))
    }

    fn line(&mut self) -> Result<&'a str, String> {
        let length = self.bytes[self.at..].iter().position(|&byte| byte == b'\n').ok_or(SHORT)?;
        let line = self.take(length + 1)?;
        std::str::from_utf8(&line[..length]).map_err(|_| "has a pickle with a name that is not UTF-8".to_owned())
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack.pop().ok_or_else(|| MISSING.to_owned())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark)).ok_or("has a pickle that misses a mark")?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }

    fn push_tuple(&mut self, items: Vec<Value>) -> Result<(), String> {
        check_depth(&items)?;
        self.stack.push(Value::Tuple(items));
        Ok(())
    }

    fn remember(&mut self, place: usize) -> Result<(), String> {
        let kept = match self.stack.last().ok_or(MISSING)? {
            kept @ (Value::Name(_) | Value::Text(_)) => kept.clone(),
            // May be kept, may not be recalled.
            _ => Value::Mark,
        };
        self.memory.insert(place, kept);
        Ok(())
    }

    fn recall(&mut self, place: usize) -> Result<(), String> {
        match self.memory.get(&place) {
            Some(kept @ (Value::Name(_) | Value::Text(_))) => self.stack.push(kept.clone()),
            _ => return Err("has a pickle that recalls something else than a name or a text".to_owned()),
        }
        Ok(())
    }

    fn extend_dictionary(&mut self, items: Vec<Value>) -> Result<(), String> {
        check_depth(&items)?;
        let Some(Value::Dictionary(pairs)) = self.stack.last_mut() else {
            return Err("has a pickle that sets a key of what is no dictionary".to_owned());
        };
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            pairs.push((key, value));
        }
        Ok(())
    }

    fn extend_list(&mut self, items: Vec<Value>) -> Result<(), String> {
        check_depth(&items)?;
        let Some(Value::List(list)) = self.stack.last_mut() else {
            return Err("has a pickle that appends to what is no list".to_owned());
        };
        list.extend(items);
        Ok(())
    }

    fn step(&mut self, operation: u8) -> Result<(), String> {
        match operation {
            0x80 => drop(self.take(1)?),
            b'(' => self.stack.push(Value::Mark),
            b'N' => self.stack.push(Value::None),
            0x88 => self.stack.push(Value::Flag(true)),
            0x89 => self.stack.push(Value::Flag(false)),
            b'K' => {
                let number = self.whole(1)? as i64;
                self.stack.push(Value::Integer(number));
            }
            b'M' => {
                let number = self.whole(2)? as i64;
                self.stack.push(Value::Integer(number));
            }
            b'J' => {
                let number = self.whole(4)? as u32 as i32;
                self.stack.push(Value::Integer(i64::from(number)));
            }
            0x8a => {
                let count = self.whole(1)?;
                let number = self.take(count)?.to_vec();
                self.stack.push(Value::Long(number));
            }
            b'X' => {
                let count = self.whole(4)?;
                let text = std::str::from_utf8(self.take(count)?).map_err(|_| "has a pickle with a text that is not UTF-8")?;
                self.stack.push(Value::Text(text.into()));
            }
            b')' => self.push_tuple(Vec::new())?,
            0x85..=0x87 => {
                let from = self.stack.len().checked_sub(usize::from(operation - 0x84)).ok_or(MISSING)?;
                let items = self.stack.split_off(from);
                self.push_tuple(items)?;
            }
            b't' => {
                let items = self.pop_to_mark()?;
                self.push_tuple(items)?;
            }
            b']' => self.stack.push(Value::List(Vec::new())),
            b'}' => self.stack.push(Value::Dictionary(Vec::new())),
            b'a' => {
                let item = self.pop()?;
                self.extend_list(vec![item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.extend_list(items)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.extend_dictionary(vec![key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.extend_dictionary(items)?;
            }
            b'q' => {
                let place = self.whole(1)?;
                self.remember(place)?;
            }
            b'r' => {
                let place = self.whole(4)?;
                self.remember(place)?;
            }
            b'h' => {
                let place = self.whole(1)?;
                self.recall(place)?;
            }
            b'j' => {
                let place = self.whole(4)?;
                self.recall(place)?;
            }
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                self.stack.push(Value::Name(match (module, name) {
                    ("collections", "OrderedDict") => Name::OrderedDict,
                    ("torch._utils", "_rebuild_tensor_v2") => Name::RebuildTensor,
                    ("torch", "FloatStorage") => Name::FloatStorage,
                    _ => return Err(format!("asks for `{module}.{name}`; only dictionaries of f32 tensors are read")),
                }));
            }
            b'Q' => self.storage()?,
            b'R' => self.call()?,
            // The version numbers that torch hangs on a state dict.
            b'b' => {
                self.pop()?;
                if !matches!(self.stack.last(), Some(Value::Dictionary(_))) {
                    return Err("has a pickle that builds what is no dictionary".to_owned());
                }
            }
            other => return Err(format!("has a pickle with the operation 0x{other:02x}, which is not read")),
        }
        Ok(())
    }

    fn storage(&mut self) -> Result<(), String> {
        match self.pop()? {
            Value::Tuple(items) => match items.as_slice() {
                [Value::Text(kind), Value::Name(Name::FloatStorage), Value::Text(key), Value::Text(_), Value::Integer(_), Value::None]
                    if **kind == *"storage" =>
                {
                    self.stack.push(Value::Storage(Rc::clone(key)));
                    Ok(())
                }
                _ => Err("refers to numbers in a way that is not read".to_owned()),
            },
            _ => Err("refers to numbers in a way that is not read".to_owned()),
        }
    }

    fn call(&mut self) -> Result<(), String> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        let (Value::Name(name), Value::Tuple(arguments)) = (callee, arguments) else {
            return Err("has a pickle that calls what is no name".to_owned());
        };
        let made = match (name, arguments.as_slice()) {
            (Name::OrderedDict, []) => Value::Dictionary(Vec::new()),
            (
                Name::RebuildTensor,
                [
                    Value::Storage(storage),
                    Value::Integer(offset),
                    Value::Tuple(shape),
                    Value::Tuple(strides),
                    Value::Flag(_),
                    Value::Dictionary(_),
                ],
            ) => {
                let sizes = |items: &[Value]| -> Result<Vec<usize>, String> {
                    let size = |item: &Value| match item {
                        Value::Integer(number) => usize::try_from(*number).map_err(|_| "holds a tensor with a negative size".to_owned()),
                        _ => Err("holds a tensor with a size that is no number".to_owned()),
                    };
                    items.iter().map(size).collect()
                };
                let (shape, strides) = (sizes(shape)?, sizes(strides)?);
                if shape.len() != strides.len() {
                    return Err("holds a tensor with more sizes than strides".to_owned());
                }
                let offset = usize::try_from(*offset).map_err(|_| "holds a tensor with a negative offset")?;
                Value::Tensor(Tensor { storage: Rc::clone(storage), offset, shape, strides })
            }
            _ => return Err("has a pickle with a call that is not read".to_owned()),
        };
        self.stack.push(made);
        Ok(())
    }
}

/// Items of a container may be nested only so deep, so that dropping and walking them needs little stack.
fn check_depth(items: &[Value]) -> Result<(), String> {
    fn fits(value: &Value, levels: usize) -> bool {
        levels > 0
            && match value {
                Value::Tuple(items) | Value::List(items) => items.iter().all(|item| fits(item, levels - 1)),
                Value::Dictionary(pairs) => pairs.iter().all(|(key, value)| fits(key, levels - 1) && fits(value, levels - 1)),
                _ => true,
            }
    }
    if items.iter().all(|item| fits(item, DEEPEST)) { Ok(()) } else { Err("has a pickle that is nested too deeply".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `torch.save({"a": tensor([[1, 2, 3], [4, 5, 6]]), "b": tensor([0.5]), "c": tensor([[1, 2], [3, 4], [5, 6]]).t()}, ..., _use_new_zipfile_serialization=False)`.
    const SMALL: &[u8] = include_bytes!("../../../tests/fixtures/face/small.pt");

    #[test]
    fn tensors_of_torch_are_read() {
        let arrays = read(SMALL).unwrap();
        assert_eq!(arrays.len(), 3);
        assert_eq!(arrays["a"], Array { shape: vec![2, 3], values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] });
        assert_eq!(arrays["b"], Array { shape: vec![1], values: vec![0.5] });
        assert_eq!(arrays["c"], Array { shape: vec![2, 3], values: vec![1.0, 3.0, 5.0, 2.0, 4.0, 6.0] });
    }

    #[test]
    fn every_shortened_file_is_refused() {
        for end in 0..SMALL.len() {
            assert!(read(&SMALL[..end]).is_err(), "{end} bytes");
        }
    }

    #[test]
    fn damage_ends_in_an_error_or_in_numbers() {
        // No byte, set to any of some values, may panic or hang.
        for place in 0..SMALL.len() {
            for value in [0, 1, 0x28, 0x2e, 0x68, 0x7f, 0x80, 0xff] {
                let mut bytes = SMALL.to_vec();
                bytes[place] = value;
                if let Ok(arrays) = read(&bytes) {
                    assert!(arrays.values().all(|array| array.values.len() == array.shape.iter().product::<usize>()));
                }
            }
        }
    }

    #[test]
    fn other_names_and_operations_are_refused() {
        let run = |program: &[u8]| pickle(program, &mut 0).map(|_| ()).unwrap_err();
        assert_eq!(
            run(b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R."),
            "asks for `posix.system`; only dictionaries of f32 tensors are read"
        );
        assert_eq!(run(b"cbuiltins\neval\n."), "asks for `builtins.eval`; only dictionaries of f32 tensors are read");
        assert_eq!(run(b"ccollections\nOrderedDict\n)\x81."), "has a pickle with the operation 0x81, which is not read");
        assert_eq!(run(b"ctorch\nFloatStorage\n)R."), "has a pickle with a call that is not read");
        assert_eq!(run(b"]q\x00h\x00a."), "has a pickle that recalls something else than a name or a text");
        assert_eq!(run(&[b"K\x01".as_slice(), &vec![0x85; 100_000], b"."].concat()), "has a pickle that is nested too deeply");
        assert_eq!(run(b"X\xff\xff\xff\xffabc."), SHORT);
        assert!(read(b"PK\x03\x04rest").unwrap_err().contains("zip"));
        assert!(read(b"").unwrap_err().contains("magic"));
    }
}
