use std::collections::{BTreeMap, HashMap};
use std::sync::{mpsc, Arc, Mutex};
use std::{env, fs, io::Write, panic, thread};

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Circle(f64),
    Rect { w: f64, h: f64 },
}

fn area(s: &Shape) -> f64 {
    match s {
        Shape::Circle(r) => std::f64::consts::PI * r * r,
        Shape::Rect { w, h } => w * h,
    }
}

fn main() {
    let shapes = vec![Shape::Circle(1.5), Shape::Rect { w: 2.0, h: 3.25 }];
    println!("{:?} {:.6}", shapes, shapes.iter().map(area).sum::<f64>());
    let mut words: HashMap<String, usize> = HashMap::new();
    for w in "the quick brown fox jumps over the lazy dog the end".split(' ') {
        *words.entry(w.to_string()).or_default() += 1;
    }
    println!("{:?}", words.iter().collect::<BTreeMap<_, _>>());
    let total = Arc::new(Mutex::new(0u64));
    let (tx, rx) = mpsc::channel();
    let threads: Vec<_> = (0..4u64)
        .map(|i| {
            let (total, tx) = (total.clone(), tx.clone());
            thread::spawn(move || {
                for j in 0..1000 {
                    *total.lock().unwrap() += i * j;
                }
                tx.send(i).unwrap();
            })
        })
        .collect();
    drop(tx);
    let mut got: Vec<u64> = rx.iter().collect();
    got.sort();
    for t in threads {
        t.join().unwrap();
    }
    println!("{:?} {}", got, total.lock().unwrap());
    let caught = panic::catch_unwind(|| {
        let v: Vec<i32> = Vec::new();
        v[env::args().count()]
    });
    println!("caught: {}", caught.is_err());
    fs::File::create("rust.out").unwrap().write_all(b"written\n").unwrap();
    println!("{}", fs::read_to_string("rust.out").unwrap().trim());
    std::process::exit(if i64::MAX.checked_add(1).is_none() { 9 } else { 1 });
}
