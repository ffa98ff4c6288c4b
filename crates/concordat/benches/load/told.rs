//! What the time of the supplier's answer tells: calls of people whom it has and of people whom it does not have, in an order
//! by lot, on one connection. Two samples are told apart by their greatest difference (Kolmogorov and Smirnov) and by that of
//! their medians, whose error is taken from samples of the samples.

use std::net::SocketAddr;
use std::time::Instant;

use super::drive::{Asked, Client, next};
use super::nodes::{Laid, person, question, stranger};

/// How many samples are taken of each sample.
const AGAIN: usize = 1_000;

/// SplitMix64: which sample is the next, and which of its values are taken again.
struct Lot(u64);

impl Lot {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// Asks so many times, and prints what it tells.
pub async fn compare(client: &Client, at: SocketAddr, laid: &Laid, calls: usize) {
    let (mut hits, mut misses) = (Vec::new(), Vec::new());
    let mut lot = Lot(1);
    let mut line = client.connect(at).await;
    let mut wrong = 0;
    for call in 0..calls + calls / 10 {
        let n = next();
        let found = lot.below(2) == 0;
        let who = if found { person(n) } else { stranger(n) };
        let expects = if found { "\"found\"" } else { "\"not-found\"" };
        let body = question(&laid.hash, n, &who);
        let asked = Asked::new("/v1/calls", None, body).expecting(expects);
        let begun = Instant::now();
        let right = line.ask(asked).await;
        let took = begun.elapsed().as_secs_f64() * 1e3;
        wrong += usize::from(!right);
        // The first tenth warms up.
        if call >= calls / 10 {
            if found { &mut hits } else { &mut misses }.push(took);
        }
    }
    for sample in [&mut hits, &mut misses] {
        sample.sort_by(f64::total_cmp);
    }
    let (statistic, p) = smirnov(&hits, &misses);
    let difference = median(&hits) - median(&misses);
    let mut again: Vec<f64> = (0..AGAIN)
        .map(|_| taken(&hits, &mut lot) - taken(&misses, &mut lot))
        .collect();
    again.sort_by(f64::total_cmp);
    let (low, high) = (again[AGAIN / 40], again[AGAIN - 1 - AGAIN / 40]);
    let mean = again.iter().sum::<f64>() / AGAIN as f64;
    let error = (again.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / AGAIN as f64).sqrt();
    let size = (1.0 / hits.len() as f64 + 1.0 / misses.len() as f64).sqrt();
    println!(
        "The supplier's answers about {} whom it has and {} whom it has not ({wrong} wrong): medians {:.3} and {:.3} ms, \
         difference {difference:.3} ms (95 %: {low:.3} to {high:.3}); greatest difference of the distributions D = \
         {statistic:.4}, p = {p:.4}.",
        hits.len(),
        misses.len(),
        median(&hits),
        median(&misses),
    );
    println!(
        "Eight times in ten this would have shown a difference of medians of {:.3} ms, and at the 5 % level a D of {:.4}.",
        2.8 * error,
        1.358 * size,
    );
}

fn median(sorted: &[f64]) -> f64 {
    sorted[sorted.len() / 2]
}

fn taken(from: &[f64], lot: &mut Lot) -> f64 {
    let mut sample: Vec<f64> = from.iter().map(|_| from[lot.below(from.len())]).collect();
    sample.sort_by(f64::total_cmp);
    median(&sample)
}

/// The greatest difference of two samples' distributions, and how often chance alone gives one as great.
fn smirnov(a: &[f64], b: &[f64]) -> (f64, f64) {
    let (mut i, mut j, mut most) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let at = a[i].min(b[j]);
        i += a[i..].iter().take_while(|x| **x <= at).count();
        j += b[j..].iter().take_while(|x| **x <= at).count();
        most = most.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    let size = (a.len() * b.len()) as f64 / (a.len() + b.len()) as f64;
    let scaled = size.sqrt() * most;
    let terms = (1..100).map(|k| {
        let k = f64::from(k);
        (-1.0_f64).powf(k - 1.0) * (-2.0 * k * k * scaled * scaled).exp()
    });
    (most, (2.0 * terms.sum::<f64>()).clamp(0.0, 1.0))
}
