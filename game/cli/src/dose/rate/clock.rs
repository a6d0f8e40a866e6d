//! One dose at two rates on one clock, as a picture (SVG).

use std::fmt::Write;
use vestibule_dose::rate::clock::SteadyBeam;

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 660.0;
/// Left, right, top and bottom of the graph.
const GRAPH: [f64; 4] = [90.0, 960.0, 96.0, 430.0];
/// Top and height of the strip with the even clock.
const STRIP: [f64; 2] = [548.0, 30.0];
/// Blue and vermilion of Okabe and Ito: apart for the colour-blind, too.
const SLOW: &str = "#0072b2";
const FAST: &str = "#d55e00";
const INK: &str = "#1a1a1a";
const FAINT: &str = "#c8ccd0";
/// Points along a curve.
const POINTS: usize = 240;

/// `slow` and `fast` give the same dose.
pub fn svg(slow: SteadyBeam, fast: SteadyBeam) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = draw(&mut out, slow, fast);
    out
}

struct Axes {
    from_s: f64,
    to_s: f64,
    dose_gy: f64,
}

impl Axes {
    fn x(&self, time_s: f64) -> f64 {
        let part = (time_s / self.from_s).ln() / (self.to_s / self.from_s).ln();
        GRAPH[0] + part * (GRAPH[1] - GRAPH[0])
    }

    fn y(&self, gy: f64) -> f64 {
        GRAPH[3] - gy / (1.12 * self.dose_gy) * (GRAPH[3] - GRAPH[2])
    }
}

fn draw(out: &mut String, slow: SteadyBeam, fast: SteadyBeam) -> std::fmt::Result {
    let [left, right, _, bottom] = GRAPH;
    let axes = Axes {
        from_s: 10f64.powf(fast.length_s().log10().floor() - 1.0),
        to_s: 2.5 * slow.length_s(),
        dose_gy: slow.dose_gy,
    };
    let gy = slow.dose_gy;
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" font-family=\"Helvetica, Arial, sans-serif\" font-size=\"18\" fill=\"{INK}\">"
    )?;
    writeln!(out, "<title>{gy} Gy at two dose rates on one clock</title>")?;
    writeln!(out, "<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"white\"/>")?;
    text(
        out,
        left,
        40.0,
        26,
        "start",
        INK,
        &format!("The same {gy} Gy, {:.0} times faster", slow.length_s() / fast.length_s()),
    )?;
    text(out, left, 68.0, 18, "start", INK, "Dose given so far, from the moment the beam comes on")?;
    grid(out, &axes)?;
    for (beam, colour) in [(fast, FAST), (slow, SLOW)] {
        curve(out, &axes, beam, colour)?;
    }
    let high = axes.y(gy) - 12.0;
    text(out, axes.x(fast.length_s()), high, 20, "middle", FAST, &format!("done after {}", time(fast.length_s())))?;
    text(out, right, high, 20, "end", SLOW, &format!("done after {}", time(slow.length_s())))?;
    let middle = 0.5 * (axes.y(0.0) + axes.y(gy));
    text(out, axes.x(0.5 * fast.length_s()) - 16.0, middle, 20, "end", FAST, &rate(fast))?;
    text(out, axes.x(0.5 * slow.length_s()) - 16.0, middle, 20, "end", SLOW, &rate(slow))?;
    text(
        out,
        0.5 * (left + right),
        bottom + 58.0,
        18,
        "middle",
        INK,
        "time (each step to the right: ten times longer)",
    )?;
    strip(out, slow, fast)?;
    writeln!(out, "</svg>")
}

fn grid(out: &mut String, axes: &Axes) -> std::fmt::Result {
    let [left, right, top, bottom] = GRAPH;
    for gy in (0..=axes.dose_gy as usize).step_by(2) {
        let y = axes.y(gy as f64);
        line(out, [left, y], [right, y], FAINT, 1.0)?;
        text(out, left - 12.0, y + 6.0, 18, "end", INK, &format!("{gy}"))?;
    }
    let mut decade = axes.from_s;
    while decade <= axes.to_s {
        let x = axes.x(decade);
        line(out, [x, top], [x, bottom], FAINT, 1.0)?;
        text(out, x, bottom + 28.0, 18, "middle", INK, &time(decade))?;
        decade *= 10.0;
    }
    line(out, [left, top], [left, bottom], INK, 2.0)?;
    line(out, [left, bottom], [right, bottom], INK, 2.0)?;
    let (x, y) = (34.0, 0.5 * (top + bottom));
    writeln!(
        out,
        "<text x=\"{x}\" y=\"{y}\" font-size=\"18\" text-anchor=\"middle\" transform=\"rotate(-90 {x} {y})\">dose (Gy)</text>"
    )
}

/// Growing, then standing at the whole dose.
fn curve(out: &mut String, axes: &Axes, beam: SteadyBeam, colour: &str) -> std::fmt::Result {
    let ratio = beam.length_s() / axes.from_s;
    let growing = (0..=POINTS).map(|i| axes.from_s * ratio.powf(i as f64 / POINTS as f64));
    write!(out, "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"4\" stroke-linejoin=\"round\" points=\"")?;
    for t in growing.chain([axes.to_s]) {
        write!(out, "{:.1},{:.1} ", axes.x(t), axes.y(beam.accumulated_gy(t)))?;
    }
    writeln!(out, "\"/>")?;
    let (x, y) = (axes.x(beam.length_s()), axes.y(beam.dose_gy));
    writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"7\" fill=\"{colour}\"/>")?;
    writeln!(
        out,
        "<line x1=\"{x:.1}\" y1=\"{y:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"{colour}\" stroke-width=\"2\" stroke-dasharray=\"5 5\"/>",
        axes.y(0.0)
    )
}

/// Both beams on an even clock: the fast one is thinner than a hair.
fn strip(out: &mut String, slow: SteadyBeam, fast: SteadyBeam) -> std::fmt::Result {
    let ([left, right, ..], [top, height]) = (GRAPH, STRIP);
    text(out, left, top - 14.0, 18, "start", INK, "The same on an even clock, to scale: how long the beam is on")?;
    let wide = right - left;
    let thin = wide * fast.length_s() / slow.length_s();
    writeln!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{height}\" fill=\"{SLOW}\"/>")?;
    text(
        out,
        0.5 * (left + right),
        top + 21.0,
        18,
        "middle",
        "white",
        &format!("{}: {}", rate(slow), time(slow.length_s())),
    )?;
    let below = top + height + 8.0;
    writeln!(out, "<rect x=\"{left}\" y=\"{below}\" width=\"{thin:.2}\" height=\"{height}\" fill=\"{FAST}\"/>")?;
    line(out, [left + 8.0, below + 0.5 * height], [left + 34.0, below + 0.5 * height], FAST, 2.0)?;
    let said = format!("{}: {}, the hair at the left edge", rate(fast), time(fast.length_s()));
    text(out, left + 42.0, below + 21.0, 18, "start", FAST, &said)
}

fn line(out: &mut String, [x1, y1]: [f64; 2], [x2, y2]: [f64; 2], colour: &str, width: f64) -> std::fmt::Result {
    writeln!(
        out,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{colour}\" stroke-width=\"{width}\"/>"
    )
}

fn text(out: &mut String, x: f64, y: f64, size: u32, anchor: &str, colour: &str, said: &str) -> std::fmt::Result {
    let weight = if size >= 20 { "bold" } else { "normal" };
    writeln!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" font-weight=\"{weight}\" text-anchor=\"{anchor}\" fill=\"{colour}\">{said}</text>"
    )
}

fn time(seconds: f64) -> String {
    let round = |v: f64| (v * 100.0).round() / 100.0;
    if seconds < 0.999 { format!("{} ms", round(1000.0 * seconds)) } else { format!("{} s", round(seconds)) }
}

fn rate(beam: SteadyBeam) -> String {
    let round = |v: f64| (v * 100.0).round() / 100.0;
    if beam.rate_gy_per_s < 1.0 {
        format!("{} Gy per minute", round(60.0 * beam.rate_gy_per_s))
    } else {
        format!("{} Gy per second", round(beam.rate_gy_per_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both end at the same height, the marks stand at their own times, and nothing is too small to read.
    #[test]
    fn both_beams_are_in_the_picture() {
        let got = svg(SteadyBeam::CONVENTIONAL, SteadyBeam::FLASH);
        for said in [
            "done after 80 ms",
            "done after 120 s",
            "4 Gy per minute",
            "100 Gy per second",
            "1500 times faster",
            "dose (Gy)",
        ] {
            assert!(got.contains(said), "{said}");
        }
        let places = |name: &str| -> Vec<f64> {
            let key = format!("{name}=\"");
            got.lines()
                .filter(|l| l.starts_with("<circle"))
                .map(|l| {
                    l.split(&key).nth(1).and_then(|r| r.split('"').next()).and_then(|v| v.parse().ok()).unwrap_or(0.0)
                })
                .collect()
        };
        let (x, y) = (places("cx"), places("cy"));
        assert!(y.len() == 2 && y[0] == y[1] && y[0] > 0.0, "{y:?}");
        // 1 ms to 300 s is 5.477 decades over 870; the ends lie log10(1500) = 3.176 decades apart.
        assert!((x[1] - x[0] - 870.0 * 3.1761 / 5.4771).abs() < 0.5, "{x:?}");
        let sizes = got.split("font-size=\"").skip(1).filter_map(|r| r.split('"').next()?.parse::<u32>().ok());
        assert!(sizes.clone().count() > 10 && sizes.min() >= Some(14));
    }
}
