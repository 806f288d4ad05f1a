//! The three families at the sizes of the interview network: a product, the second convolution with its gradient, and its pooling.

use divan::{Bencher, black_box};
use evenhand_kernels::{Filter, Grid, Pooled, Threads, filter_gradient, multiply, pool_backward, pool_forward};

const SIZE: usize = 3;
const INPUTS: usize = 16;
const OUTPUTS: usize = 32;
const SIDE: usize = 40;

fn main() {
    divan::main();
}

fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|place| ((place * 7919) % 2003) as f32 / 1001.5 - 1.0).collect()
}

#[divan::bench(args = [64, 256])]
fn product(bencher: Bencher<'_, '_>, side: usize) {
    let (a, b) = (numbers(side * side), numbers(side * side));
    let mut out = vec![0.0; side * side];
    bencher.bench_local(|| {
        multiply(black_box(&mut out), Grid::new(&a, side, side), Grid::new(&b, side, side), false, Threads::One);
    });
}

#[divan::bench]
fn convolution(bencher: Bencher<'_, '_>) {
    let filter = Filter::new(&numbers(SIZE * SIZE * INPUTS * OUTPUTS), SIZE, INPUTS, OUTPUTS);
    let input = numbers(SIDE * SIDE * INPUTS);
    let mut output = vec![0.0; (SIDE - 2) * (SIDE - 2) * OUTPUTS];
    bencher.bench_local(|| filter.apply(black_box(&input), SIDE, SIDE, black_box(&mut output)));
}

#[divan::bench]
fn convolution_gradient(bencher: Bencher<'_, '_>) {
    let (input, slopes) = (numbers(SIDE * SIDE * INPUTS), numbers((SIDE - 2) * (SIDE - 2) * OUTPUTS));
    let mut gradient = vec![0.0; SIZE * SIZE * INPUTS * OUTPUTS];
    let places = [0, (SIDE - 2) * OUTPUTS];
    bencher.bench_local(|| {
        filter_gradient(black_box(&mut gradient), SIZE, INPUTS, OUTPUTS, &input, [SIDE, SIDE], black_box(&slopes), places);
    });
}

const BLOCK: Pooled = Pooled { height: SIDE, width: SIDE, channels: OUTPUTS, border: 1 };

#[divan::bench]
fn pooling(bencher: Bencher<'_, '_>) {
    let z = numbers(SIDE * SIDE * OUTPUTS);
    let (scale, shift) = (numbers(OUTPUTS), numbers(OUTPUTS));
    let (mut output, mut choice) = (vec![0.0; BLOCK.output_len()], vec![0; SIDE / 2 * (SIDE / 2) * OUTPUTS]);
    bencher.bench_local(|| pool_forward(BLOCK, black_box(&z), &scale, &shift, black_box(&mut output), black_box(&mut choice)));
}

#[divan::bench]
fn pooling_gradient(bencher: Bencher<'_, '_>) {
    let z = numbers(SIDE * SIDE * OUTPUTS);
    let choice = vec![1; SIDE / 2 * (SIDE / 2) * OUTPUTS];
    let (slopes, one) = (numbers(choice.len()), numbers(OUTPUTS));
    let mut result = vec![0.0; z.len()];
    bencher.bench_local(|| {
        pool_backward(BLOCK, black_box(&z), &choice, &slopes, &one, &one, &one, black_box(&mut result), [0, SIDE * OUTPUTS]);
    });
}
