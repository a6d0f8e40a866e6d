//! The room is lit as a room is, and a panel can be read: measured on small pictures drawn without a graphics card.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on has failed")]

mod pictures;

use image::RgbImage;
use pictures::{capture, wanted};
use std::path::Path;

/// A picture of a step, without a patient: the room alone.
fn picture(folder: &Path, name: &str, arguments: &[&str]) -> RgbImage {
    let file = folder.join(name);
    let out = file.display().to_string();
    capture(&folder.join("no-store"), &[arguments, &["--out", &out]].concat());
    image::open(&file).expect("a picture was written").to_rgb8()
}

/// Share of pixels for which this holds.
fn share(picture: &RgbImage, holds: impl Fn([u8; 3]) -> bool) -> f64 {
    picture.pixels().filter(|p| holds(p.0)).count() as f64 / f64::from(picture.width() * picture.height())
}

#[test]
fn the_room_is_lit_and_a_question_can_be_read() {
    if !wanted("the_room_is_lit_and_a_question_can_be_read") {
        return;
    }
    let folder = tempfile::Builder::new().prefix("pictures").tempdir_in("/tmp").expect("a folder in /tmp");
    let room = picture(folder.path(), "room.png", &["--at", "room", "--time", "3", "--bare", "--size", "320x200"]);
    let luminance = room
        .pixels()
        .map(|p| (0.2126 * f64::from(p.0[0]) + 0.7152 * f64::from(p.0[1]) + 0.0722 * f64::from(p.0[2])) / 255.0);
    let mean = luminance.sum::<f64>() / f64::from(room.width() * room.height());
    assert!((0.35..=0.70).contains(&mean), "mean luminance {mean:.3}");
    let white = share(&room, |p| p.iter().all(|c| *c >= 254));
    let black = share(&room, |p| p.iter().all(|c| *c <= 3));
    assert!(white <= 0.02 && black <= 0.01, "clipped white {white:.4}, crushed black {black:.4}");
    // a missing lightmap or volume shows as large grey or black areas; a missing room as one colour
    let colours: std::collections::HashSet<[u8; 3]> = room.pixels().map(|p| p.0.map(|c| c / 8)).collect();
    assert!(colours.len() > 400, "only {} colours", colours.len());

    let ask = |lang: &str| {
        let arguments = ["--at", "anxiety-before", "--view", "panel:main", "--lang", lang, "--size", "400x300"];
        picture(folder.path(), &format!("panel-{lang}.png"), &arguments)
    };
    let (french, english) = (ask("fr"), ask("en"));
    for (name, panel) in [("fr", &french), ("en", &english)] {
        let paper = share(panel, |p| p.iter().all(|c| *c > 225));
        let ink = share(panel, |p| p.iter().all(|c| *c < 90));
        assert!(paper > 0.25, "{name}: {paper:.3} of the picture is paper");
        assert!(ink > 0.01, "{name}: {ink:.4} of the picture is ink");
    }
    let differ =
        french.pixels().zip(english.pixels()).filter(|(a, b)| a.0.iter().zip(b.0).any(|(x, y)| x.abs_diff(y) > 40));
    assert!(differ.count() > 200, "both languages look alike");
}
