//! As much of MATLAB's level 5 file format as the tests read: little-endian numbers and structures.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashMap;
use std::io::Read;

/// One array.
#[derive(Clone, Debug)]
pub enum Mat {
    Numbers(Vec<f64>),
    /// One map per element of the structure array.
    Struct(Vec<HashMap<String, Mat>>),
    Other,
}

impl Mat {
    pub fn numbers(&self) -> &[f64] {
        match self {
            Self::Numbers(v) => v,
            _ => panic!("not numbers"),
        }
    }

    pub fn items(&self) -> &[HashMap<String, Mat>] {
        match self {
            Self::Struct(v) => v,
            _ => panic!("not a structure"),
        }
    }
}

/// The first variable of a file.
pub fn read(bytes: &[u8]) -> Mat {
    let (kind, body, _) = element(&bytes[128..]);
    assert_eq!(kind, 15, "compressed");
    let mut out = Vec::new();
    flate2::read::ZlibDecoder::new(body).read_to_end(&mut out).unwrap();
    let (kind, body, _) = element(&out);
    assert_eq!(kind, 14, "matrix");
    matrix(body)
}

fn u32_at(b: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(b[at..at + 4].try_into().unwrap())
}

/// Type, content and total length of a data element (the small form included).
fn element(b: &[u8]) -> (u32, &[u8], usize) {
    let first = u32_at(b, 0);
    if first >> 16 != 0 {
        let n = (first >> 16) as usize;
        return (first & 0xffff, &b[4..4 + n], 8);
    }
    let n = u32_at(b, 4) as usize;
    (first, &b[8..8 + n], 8 + if first == 15 { n } else { n.div_ceil(8) * 8 })
}

fn matrix(mut b: &[u8]) -> Mat {
    if b.is_empty() {
        return Mat::Numbers(Vec::new());
    }
    let mut next = || {
        let (kind, body, total) = element(b);
        b = &b[total.min(b.len())..];
        (kind, body)
    };
    let class = next().1[0];
    let dims: Vec<usize> = next().1.chunks(4).map(|c| u32_at(c, 0) as usize).collect();
    let n: usize = dims.iter().product();
    next(); // the array's name
    match class {
        2 => {
            let width = u32_at(next().1, 0) as usize;
            let names: Vec<String> =
                next().1.chunks(width).map(|c| String::from_utf8_lossy(c).trim_end_matches('\0').to_owned()).collect();
            let mut items = vec![HashMap::new(); n];
            for item in &mut items {
                for name in &names {
                    item.insert(name.clone(), matrix(next().1));
                }
            }
            Mat::Struct(items)
        }
        6..=15 => {
            let (kind, body) = next();
            let size = match kind {
                1 | 2 => 1,
                3 | 4 => 2,
                5..=7 => 4,
                _ => 8,
            };
            let number = |c: &[u8]| match kind {
                1 => f64::from(c[0] as i8),
                2 => f64::from(c[0]),
                3 => f64::from(i16::from_le_bytes(c.try_into().unwrap())),
                4 => f64::from(u16::from_le_bytes(c.try_into().unwrap())),
                5 => f64::from(i32::from_le_bytes(c.try_into().unwrap())),
                6 => f64::from(u32_at(c, 0)),
                7 => f64::from(f32::from_le_bytes(c.try_into().unwrap())),
                9 => f64::from_le_bytes(c.try_into().unwrap()),
                _ => f64::NAN,
            };
            Mat::Numbers(body.chunks(size).map(number).collect())
        }
        _ => Mat::Other,
    }
}
