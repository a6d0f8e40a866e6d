use super::*;
use proptest::prelude::*;

fn rectangle(x0: f64, x1: f64, y0: f64, y1: f64) -> Polygon {
    vec![[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
}

/// Signed area of closed lines by the shoelace rule.
fn shoelace(lines: &[Polygon]) -> f64 {
    lines.iter().flat_map(|l| l.windows(2)).map(|w| 0.5 * (w[0][0] * w[1][1] - w[1][0] * w[0][1])).sum()
}

fn all(inside: &[bool]) -> bool {
    inside.iter().all(|b| *b)
}

#[test]
fn rectangles_by_hand() {
    // 20 x 10 with 10 x 10 over its right half
    let both = combine(&[vec![rectangle(0., 20., 0., 10.)], vec![rectangle(10., 30., -5., 5.)]], all);
    assert_eq!(both.area, 50.0);
    assert_eq!(both.outlines, [vec![[10., 0.], [20., 0.], [20., 5.], [10., 5.], [10., 0.]]]);
    // a hole: 100 less 4, its outline runs the other way round
    let hole = combine(&[vec![rectangle(0., 10., 0., 10.)], vec![rectangle(4., 6., 4., 6.)]], |i| i[0] && !i[1]);
    assert_eq!((hole.area, hole.outlines.len()), (96.0, 2));
    assert!((shoelace(&hole.outlines) - 96.0).abs() < 1e-9);
    // two that share a side are one, without the points on it
    let one = combine(&[vec![rectangle(0., 10., 0., 5.), rectangle(0., 10., 5., 10.)]], all);
    assert_eq!(one.outlines, [vec![[0., 0.], [10., 0.], [10., 10.], [0., 10.], [0., 0.]]]);
    // two that touch at a corner stay two
    let two = combine(&[vec![rectangle(0., 1., 0., 1.), rectangle(1., 2., 1., 2.)]], all);
    assert_eq!((two.area, two.outlines.len()), (2.0, 2));
    assert_eq!(combine(&[vec![rectangle(3., 3., 0., 1.)]], all), Region::default());
    assert_eq!(combine(&[], |i| i.iter().any(|b| *b)), Region::default());
}

#[test]
fn slanting_edges_by_hand() {
    // A triangle of 10 x 10 / 2 cut by x < 5: what is left of the corner on the right is 12.5.
    let triangle = vec![[0., 0.], [10., 0.], [0., 10.]];
    let cut = combine(&[vec![triangle], vec![rectangle(0., 5., -1., 11.)]], all);
    assert!((cut.area - 37.5).abs() < 1e-12, "{}", cut.area);
    assert_eq!(cut.outlines[0].len(), 5);
    // A bow tie under the even-odd rule: two triangles of 25 that meet at its waist.
    let bow = combine(&[vec![vec![[0., 0.], [10., 10.], [10., 0.], [0., 10.]]]], all);
    assert!((bow.area - 50.0).abs() < 1e-12 && (shoelace(&bow.outlines) - 50.0).abs() < 1e-9);
}

proptest! {
    /// Outlines enclose the area that was counted, and both agree with asking place by place.
    #[test]
    fn outlines_enclose_the_area(
        a in proptest::collection::vec([-20.0..20.0f64, -20.0..20.0f64], 0..9),
        b in proptest::collection::vec([-20i32..20, -20i32..20], 0..9),
        less in any::<bool>(),
    ) {
        let b: Polygon = b.into_iter().map(|p| p.map(f64::from)).collect();
        let keep = |i: &[bool]| i[0] && (i[1] != less);
        let region = combine(&[vec![a.clone()], vec![b.clone()]], keep);
        prop_assert!((shoelace(&region.outlines) - region.area).abs() < 1e-4, "{} {}", shoelace(&region.outlines), region.area);
        let inside = |polygons: &[Polygon], x: f64, y: f64| {
            let edges = polygons.iter().flat_map(|p| (0..p.len()).map(move |i| (p[i], p[(i + 1) % p.len()])));
            edges.filter(|(p, q)| (p[1] <= y) != (q[1] <= y) && p[0] + (y - p[1]) / (q[1] - p[1]) * (q[0] - p[0]) > x).count() % 2 == 1
        };
        for k in 0..40 {
            let (x, y) = (f64::from(k % 8) * 5.0 - 17.3217, f64::from(k / 8) * 8.0 - 16.1733);
            let want = keep(&[inside(std::slice::from_ref(&a), x, y), inside(std::slice::from_ref(&b), x, y)]);
            prop_assert_eq!(inside(&region.outlines, x, y), want, "{} {}", x, y);
        }
    }
}
