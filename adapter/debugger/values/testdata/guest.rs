// Values of Rust's standard library, for rust_test.go. The markers are where it stops.
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::rc::{Rc, Weak};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

static GREETING: &str = "hello";
static mut COUNT: i32 = 5;
const LIMIT: usize = 3;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Colour { Red, Green = 5, Blue }

#[derive(Clone)]
enum Shape {
    Circle { radius: f64 },
    Rect(i32, i32),
    Named(String),
    Empty,
}

enum Void {}
enum Single { Only(u8) }

struct Point { x: i32, y: i32 }
struct Wrapper(u64);
struct Unit;
struct Pair<T> { first: T, second: Option<Box<T>> }

trait Area { fn area(&self) -> f64; fn twice(&self) -> f64 { self.area() * 2.0 } }
impl Area for Shape {
    fn area(&self) -> f64 {
        match self {
            Shape::Circle { radius } => radius * radius * 3.0, //@area
            Shape::Rect(w, h) => (w * h) as f64,
            _ => 0.0,
        }
    }
}

impl<T: Copy> Pair<T> {
    fn get(&self) -> T { self.first } //@get
}

mod inner {
    pub static LEVEL: u8 = 9;
    pub fn add(a: u32, b: u32) -> u32 { a + b }
}

struct Node { value: i32, next: Option<Box<Node>> }

fn fill(map: &mut HashMap<String, i32>) -> usize {
    map.insert("three".to_string(), 3);
    map.len() //@fill
}

fn main() {
    let start = 1; //@start
    let text = String::from("owned"); let empty = String::new();
    let slice: &str = "borrowed"; let part = &slice[2..5];
    let letter = 'ß'; let byte = b'x'; let flag = true; let unit = ();
    let small: i8 = -5; let big: u128 = 1 << 100; let float = 1.5f32;
    let array = [1, 2, 3]; let bytes = b"bytes";
    let ints = vec![1, 2, 3, 4]; let none: Vec<i32> = Vec::new(); let words = vec!["one".to_string(), "two".to_string()];
    let view = &ints[1..3]; let mut_view: &mut [u8] = &mut [1u8, 2];
    let mut deque: VecDeque<i32> = VecDeque::with_capacity(4); for i in 0..6 { if deque.len() == 4 { deque.pop_front(); } deque.push_back(i); }
    let some = Some(5); let nothing: Option<i32> = None; let some_ref = Some(&start); let no_ref: Option<&i32> = None;
    let some_text = Some(String::from("inside")); let no_text: Option<String> = None; let nested = Some(Some(3u8)); let some_box = Some(Box::new(8));
    let nonzero = NonZeroU32::new(7); let ok: Result<i32, String> = Ok(1); let err: Result<i32, String> = Err("bad".to_string()); let some_bool = Some(true); let some_char = Some('c');
    let boxed = Box::new(42); let boxed_point = Box::new(Point { x: 1, y: 2 }); let boxed_slice: Box<[i32]> = vec![7, 8].into_boxed_slice(); let boxed_str: Box<str> = "box".into();
    let rc = Rc::new(Point { x: 3, y: 4 }); let rc2 = rc.clone(); let weak: Weak<Point> = Rc::downgrade(&rc); let arc = Arc::new(77); let arc_str: Arc<str> = "arc".into();
    let cell = Cell::new(6); let refcell = RefCell::new(vec![1]); let mutex = Mutex::new(10); let shared = Arc::new(Mutex::new(String::from("locked"))); let rw = RwLock::new(3);
    let mut map: HashMap<String, i32> = HashMap::new(); map.insert("one".into(), 1); map.insert("two".into(), 2);
    let mut ids: HashMap<u64, &str> = HashMap::new(); for i in 0..50 { ids.insert(i, "v"); }
    let set: HashSet<i32> = [10, 20, 30].into_iter().collect(); let no_map: HashMap<i32, i32> = HashMap::new();
    let mut tree: BTreeMap<i32, String> = BTreeMap::new(); for i in 0..100 { tree.insert(i * 2, format!("n{i}")); }
    let small_tree: BTreeMap<&str, f64> = [("b", 2.0), ("a", 1.0)].into_iter().collect(); let tree_set: BTreeSet<char> = "hello".chars().collect(); let no_tree: BTreeMap<u8, u8> = BTreeMap::new();
    let heap: BinaryHeap<i32> = vec![1, 5, 2].into(); let list: LinkedList<i32> = [1, 2, 3].into_iter().collect();
    let tuple = (1, "two", 3.0); let point = Point { x: -1, y: 1 }; let wrapper = Wrapper(9); let marker = Unit;
    let colour = Colour::Green; let blue = Colour::Blue; let red = Colour::Red;
    let circle = Shape::Circle { radius: 2.0 }; let rect = Shape::Rect(3, 4); let named = Shape::Named("box".to_string()); let no_shape = Shape::Empty; let single = Single::Only(3);
    let maybe_shape: Option<Shape> = Some(Shape::Rect(5, 6)); let no_maybe: Option<Shape> = None;
    let path = PathBuf::from("/tmp/x"); let os = OsString::from("os"); let took = Duration::from_millis(1500);
    let counter = AtomicUsize::new(12); let ready = AtomicBool::new(true);
    let object: &dyn Area = &circle; let boxed_object: Box<dyn Area> = Box::new(rect.clone());
    let reference = &point; let double = &reference; let pointer: *const i32 = &start; let mutable = &mut COUNT_LOCAL.clone();
    let add = inner::add; let offset = start; let closure = move |v: i32| v + offset; //@closure
    let chain = Node { value: 1, next: Some(Box::new(Node { value: 2, next: None })) };
    let pair = Pair { first: 1, second: Some(Box::new(2)) }; let range = 1..5;
    let total = ints.iter().sum::<i32>() + closure(1) + pair.get() + fill(&mut map) as i32 + object.area() as i32 + boxed_object.twice() as i32;
    println!("{}", total); //@main
    println!("{} {} {} {:?} {} {} {:?} {} {} {}", text, empty, part, letter, byte, flag, unit, small, big, float);
    drop((array, bytes, none, words, view.len(), mut_view.len(), deque, some, nothing, some_ref, no_ref));
    drop((some_text, no_text, nested, some_box, nonzero, ok, err, some_bool, some_char, boxed, boxed_point.x + boxed_point.y));
    drop((boxed_slice, boxed_str, rc.x + rc.y, rc2, weak, arc, arc_str, cell, refcell, mutex, shared, rw));
    drop((ids, set, no_map, tree, small_tree, tree_set, no_tree, heap, list, tuple, point.x, wrapper.0));
    drop((colour == blue, red, named, no_shape, maybe_shape, no_maybe, path, os, took, counter, ready, double.x, pointer, mutable));
    drop((add(1, 2), chain.value, chain.next.map(|n| n.value), range, GREETING, LIMIT, inner::LEVEL, marker));
    if let Single::Only(n) = single { println!("{n} {}", unsafe { COUNT }); }
}

static COUNT_LOCAL: i32 = 8;
