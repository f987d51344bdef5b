//! How long the predictive models take: the CDNOW sample, and made-up shops with heavy tails.
//!
//! `cargo bench --bench predict` measures; with `PREDICT_CSV` set to a folder it writes the customers there
//! instead, for `benches/peers/predict_lifetimes.py` to fit the same, and prints our parameters.

use std::fmt::Write as _;
use std::hint::black_box;
use std::io;

use criterion::{BenchmarkId, Criterion};
use retaind::metrics::predict::{Ahead, BgNbd, Buyer, GammaGamma};

const SIZES: [usize; 2] = [100_000, 1_000_000];

fn cdnow() -> io::Result<Vec<Buyer>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cdnow/purchases.txt");
    let text = std::fs::read_to_string(path)?;
    let purchases = |line: &str| {
        let numbers = line.split(' ').filter_map(|word| word.split_once(':'));
        let numbers = numbers.filter_map(|(day, cents)| Some((day.parse().ok()?, cents.parse().ok()?)));
        numbers.collect::<Vec<(i32, i64)>>()
    };
    Ok(text.lines().filter_map(|line| Buyer::of(&purchases(line), 272)).collect())
}

/// `SplitMix64`, and what the model's story draws from it.
struct Chance(u64);

impl Chance {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + f64::MIN_POSITIVE
    }

    fn exponential(&mut self) -> f64 {
        -self.unit().ln()
    }

    fn normal(&mut self) -> f64 {
        (2.0 * self.exponential()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// Marsaglia and Tsang's method.
    fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            return self.gamma(shape + 1.0) * self.unit().powf(1.0 / shape);
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let x = self.normal();
            let v = (1.0 + x / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && self.unit().ln() < 0.5 * x * x + d - d * v + d * v.ln() {
                return d * v;
            }
        }
    }
}

/// Customers as the models tell them: three years of first purchases, rates of Gamma(0.55, 6.2 weeks),
/// leaving of Beta(0.8, 2.6), spend of Gamma-Gamma(6, 4, 15.00).
fn made_up(customers: usize) -> Vec<Buyer> {
    let mut chance = Chance(20_260_101);
    (0..customers)
        .map(|_| {
            let age = 30 + (chance.unit() * 1066.0) as i32;
            let (rate, loyal) = (chance.gamma(0.55) / 6.2 / 7.0, chance.gamma(2.6));
            let leaving = chance.gamma(0.8);
            let leaving = leaving / (leaving + loyal);
            let scale = chance.gamma(4.0) / 1500.0;
            let mut purchases = vec![(0, 0)];
            let mut day = 0.0;
            loop {
                day += chance.exponential() / rate.max(1e-12);
                if day > f64::from(age) {
                    break;
                }
                purchases.push((day as i32, (chance.gamma(6.0) / scale) as i64));
                if chance.unit() < leaving {
                    break;
                }
            }
            Buyer::of(&purchases, age).unwrap_or_default()
        })
        .collect()
}

/// Fit both models and tell each customer's chance, purchases and value of the next twelve months.
fn predicted(buyers: &[Buyer]) -> f64 {
    let (Ok(model), Ok(spend)) = (BgNbd::fit(buyers), GammaGamma::fit(buyers)) else { return 0.0 };
    let mut ahead = Ahead::new(&model, 12, 0.1);
    let told = buyers.iter().map(|b| (model.p_alive(*b), ahead.purchases(*b) * spend.expected_spend(*b)));
    told.collect::<Vec<_>>().iter().map(|(_, value)| value).sum()
}

/// What the limit was measured on: BG/NBD alone, and the purchases of the next 52 weeks.
fn purchases(buyers: &[Buyer]) -> f64 {
    let Ok(model) = BgNbd::fit(buyers) else { return 0.0 };
    let mut ahead = Ahead::weeks(&model, 52.0);
    let told = buyers.iter().map(|b| (model.p_alive(*b), ahead.purchases(*b)));
    told.collect::<Vec<_>>().iter().map(|(_, expected)| expected).sum()
}

#[expect(clippy::print_stdout, reason = "for whoever compares it with the peer")]
fn write(folder: &str, shops: &[(usize, Vec<Buyer>)]) -> io::Result<()> {
    for (size, buyers) in shops {
        let mut text = String::from("repeats,recency_days,age_days,spend_minor\n");
        for b in buyers {
            let _ = writeln!(text, "{},{},{},{}", b.repeats, b.recency_days, b.age_days, b.spend_minor);
        }
        std::fs::write(format!("{folder}/buyers_{size}.csv"), text)?;
        println!("{size}: {:?}\n{:?}", BgNbd::fit(buyers), GammaGamma::fit(buyers));
        println!("purchases in 52 weeks {:.9}, value {:.6}", purchases(buyers), predicted(buyers));
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let mut shops = vec![(2_357, cdnow()?)];
    shops.extend(SIZES.map(|size| (size, made_up(size))));
    if let Ok(folder) = std::env::var("PREDICT_CSV") {
        return write(&folder, &shops);
    }
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let mut group = criterion.benchmark_group("predict");
    for (size, buyers) in &shops {
        let id = |what: &str| BenchmarkId::new(what, size);
        group.bench_function(id("fit"), |b| b.iter(|| BgNbd::fit(black_box(buyers))));
        group.bench_function(id("fit and purchases"), |b| b.iter(|| purchases(black_box(buyers))));
        group.bench_function(id("fit both and value"), |b| b.iter(|| predicted(black_box(buyers))));
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
