//! What holds for every chart: readable SVG, finite numbers, the same output, and labels that keep apart.

use resvg::usvg::{Group, Node, Rect, Tree};

use super::*;

fn tick(v: f64) -> String {
    format!("{v} %")
}

fn point(n: usize, value: Option<f64>) -> Point {
    Point {
        label: format!("M{n}"),
        value,
        text: value.filter(|v| v.abs() < 1e9).map(|v| format!("{v:.2} %")).unwrap_or_default(),
    }
}

fn trend(values: &[Option<f64>]) -> Picture {
    let before = values.iter().rev().map(|v| v.map(|v| v * 0.9)).collect();
    Picture::Trend(Trend {
        title: "Churn <fell> & \"stayed\" low".into(),
        series: "monthly churn".into(),
        points: values.iter().enumerate().map(|(n, v)| point(n, *v)).collect(),
        before: Some(Before { label: "a year before".into(), values: before }),
        band: Some(Band { low: 0.0, high: 1.0, label: "usual band: up to 1 %".into() }),
    })
}

fn waterfall(amounts: &[f64]) -> Picture {
    let kinds = [StepKind::Total, StepKind::Up, StepKind::Down, StepKind::Down, StepKind::Up];
    let step = |(n, amount): (usize, &f64)| Step {
        label: format!("step number {n}"),
        amount: *amount,
        text: if amount.abs() < 1e9 { format!("{amount:.0} €") } else { "—".into() },
        kind: kinds[n % kinds.len()],
    };
    Picture::Waterfall(Waterfall {
        title: "Less".into(),
        steps: amounts.iter().enumerate().map(step).collect(),
    })
}

fn bars(values: &[f64]) -> Picture {
    let bar = |(n, value): (usize, &f64)| Bar {
        label: format!("{n}–{} €", n + 1),
        value: *value,
        text: if value.abs() < 1e9 { format!("{value:.1}") } else { "—".into() },
        strong: n == 2,
    };
    Picture::Bars(Bars {
        title: "Many".into(),
        axis: "value".into(),
        bars: values.iter().enumerate().map(bar).collect(),
    })
}

/// Sequences that charts have broken on, and many that are merely different.
fn sequences() -> Vec<Vec<f64>> {
    let mut all = vec![
        vec![],
        vec![0.0],
        vec![3.0],
        vec![0.0; 13],
        vec![-1.0, -2.0, 0.5, -0.2],
        vec![1.0, 1.1, 0.9, 4000.0, 1.0],
        vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE],
        vec![1e-12; 5],
        vec![470_000.0, 12_000.0, 9_000.0, 22_000.0, 3_000.0],
    ];
    let mut seed = 11_u64;
    for length in (4..=60).step_by(4) {
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f64::from(u32::try_from(seed >> 40).unwrap_or(0)) / f64::from(1_u32 << 24)
        };
        let (shift, spread) = (next() - 0.2, 10f64.powf(next() * 6.0 - 2.0));
        all.push((0..length).map(|_| (next() + shift) * spread).collect());
    }
    all
}

/// The same picture with words as long as some languages make them.
fn wordy(mut picture: Picture) -> Picture {
    match &mut picture {
        Picture::Trend(trend) => {
            trend.series = "отток регулярной ежемесячной выручки".into();
            trend.points.iter_mut().for_each(|p| p.label = "сентябрь 2026 года".into());
        }
        Picture::Waterfall(waterfall) => {
            for step in &mut waterfall.steps {
                step.label = "Clientes reconquistados em outubro".into();
                step.text = "+R$ 1.204.500,00".into();
            }
        }
        Picture::Bars(bars) => {
            for bar in &mut bars.bars {
                bar.label = "Extraordinarily long name".into();
                bar.text = "R$ 1.204.500,00".into();
            }
        }
    }
    picture
}

fn pictures() -> Vec<Picture> {
    let mut all = Vec::new();
    for values in sequences() {
        all.push(trend(&values.iter().map(|v| Some(*v)).collect::<Vec<_>>()));
        all.push(trend(&values.iter().map(|v| (*v > 0.3).then_some(*v)).collect::<Vec<_>>()));
        all.push(waterfall(&values.iter().map(|v| v.abs()).collect::<Vec<_>>()));
        all.push(bars(&values));
    }
    let long: Vec<Picture> = all.iter().step_by(3).cloned().map(wordy).collect();
    all.extend(long);
    all
}

fn texts(group: &Group, found: &mut Vec<(String, Rect)>) {
    for node in group.children() {
        match node {
            Node::Group(inner) => texts(inner, found),
            Node::Text(text) => {
                let words = text.chunks().iter().map(|c| c.text().to_owned()).collect();
                found.push((words, text.abs_bounding_box()));
            }
            _ => {}
        }
    }
}

#[test]
fn every_picture_is_finite_and_the_same_twice() {
    for picture in pictures() {
        let drawn = svg(&picture, &tick);
        assert!(!drawn.contains("NaN") && !drawn.contains("inf"), "{picture:?}\n{drawn}");
        assert_eq!(drawn, svg(&picture, &tick));
    }
}

#[test]
fn every_picture_is_readable_and_its_words_keep_apart() {
    for picture in pictures() {
        let drawn = svg(&picture, &tick);
        let tree = Tree::from_str(&drawn, &png::options(&drawn)).unwrap();
        assert!((tree.size().width() - 600.0).abs() < 0.01);
        assert!((100.0..420.0).contains(&tree.size().height()), "{}", tree.size().height());
        let mut all = Vec::new();
        texts(tree.root(), &mut all);
        for (n, (words, area)) in all.iter().enumerate() {
            assert!(area.left() >= 0.0 && area.right() <= 600.0, "{words} is cut: {area:?}\n{picture:?}");
            assert!(area.top() >= 0.0 && area.bottom() <= tree.size().height(), "{words} is cut: {area:?}");
            for (others, other) in &all[n + 1..] {
                let apart = area.right() <= other.left() + 0.5
                    || other.right() <= area.left() + 0.5
                    || area.bottom() <= other.top() + 4.0
                    || other.bottom() <= area.top() + 4.0;
                assert!(apart, "{words:?} {area:?} meets {others:?} {other:?}\n{picture:?}");
            }
        }
    }
}

#[test]
fn words_are_escaped_in_place() {
    let drawn = svg(&trend(&[Some(1.0), Some(2.0)]), &|v| format!("{v}<&>\u{1}"));
    assert!(drawn.contains("Churn &lt;fell&gt; &amp; &quot;stayed&quot; low"));
    assert!(!drawn.contains("<fell>") && !drawn.contains('\u{1}'));
}

#[test]
fn negative_values_have_the_zero_line_inside() {
    let drawn = svg(&trend(&[Some(-1.0), Some(0.5), Some(1.0), Some(-0.4)]), &tick);
    let zero = drawn.lines().find(|line| line.contains(draw::ZERO)).unwrap();
    let y: f64 = zero.split_whitespace().nth(2).and_then(|s| s.split('L').next()).unwrap().parse().unwrap();
    assert!(y > 90.0 && y < 220.0, "{zero}");
}

#[test]
fn a_gap_breaks_the_line() {
    let whole = svg(&trend(&[Some(1.0), Some(2.0), Some(1.0), Some(2.0), Some(1.5)]), &tick);
    let gapped = svg(&trend(&[Some(1.0), Some(2.0), None, Some(2.0), Some(1.5)]), &tick);
    let lines =
        |drawn: &str| drawn.matches(&format!("stroke=\"{}\" stroke-width=\"2.75\"", draw::ACCENT)).count();
    assert_eq!((lines(&whole), lines(&gapped)), (1, 2));
}

#[test]
fn mixed_scripts_are_drawn_in_one_script_each() {
    let mut picture = bars(&[1.0, 2.0]);
    if let Picture::Bars(bars) = &mut picture {
        bars.title = "ARR 客户 12 %".into();
    }
    let drawn = svg(&picture, &tick);
    for line in drawn.lines().filter(|line| line.starts_with("<text")) {
        let words = line.split('>').nth(1).unwrap_or_default();
        assert!(!(words.contains("ARR") && words.contains('客')), "{line}");
    }
    assert!(png(&drawn).is_ok());
}
