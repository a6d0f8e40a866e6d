//! The distance field of contours in a text file (a contour a line: x y z x y z …, mm) as MetaImage, negative inside,
//! and the volumes of margins: `cargo run -p vestibule-geometry --example distance_field -- CONTOURS.txt OUT.mha
//! SPACING REACH MARGIN...`. `tools/check/margins.py` holds it to SimpleITK.
#![allow(clippy::unwrap_used, reason = "an example may stop")]

use nalgebra::Point3;
use vestibule_geometry::{Contour, DistanceField, DistanceOptions};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |t: &String| t.parse::<f64>().unwrap();
    let contours: Vec<Contour> = std::fs::read_to_string(&args[0])
        .unwrap()
        .lines()
        .map(|line| {
            let n: Vec<f64> = line.split_whitespace().map(|v| v.parse().unwrap()).collect();
            Contour { points: n.as_chunks::<3>().0.iter().map(|p| Point3::from(*p)).collect() }
        })
        .collect();
    let options =
        DistanceOptions { spacing_mm: Some(number(&args[2])), reach_mm: number(&args[3]), ..Default::default() };
    let started = std::time::Instant::now();
    let field = DistanceField::new(&contours, &options).unwrap();
    println!("seconds {}", started.elapsed().as_secs_f64());
    for m in &args[4..] {
        println!("margin {m} {}", field.margin(number(m)).unwrap().volume().abs());
    }
    let g = &field.depth.grid;
    let three = |v: [f64; 3]| v.map(|x| x.to_string()).join(" ");
    let mut out = format!(
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nOffset = {}\nElementSpacing = {}\n\
         DimSize = {} {} {}\nElementType = MET_FLOAT\nElementDataFile = LOCAL\n",
        three(g.origin_mm.coords.into()),
        three(g.spacing_mm),
        g.size[0],
        g.size[1],
        g.size[2]
    )
    .into_bytes();
    out.extend(field.depth.data.iter().flat_map(|v| (-v).to_le_bytes()));
    std::fs::write(&args[1], out).unwrap();
}
