//! stub
pub fn pow(x:f64,y:f64)->f64{x.powf(y)}
pub fn sign(x:f64)->f64{if x>0.0{1.0}else if x<0.0{-1.0}else{x}}
pub fn erf(x:f64)->f64{libm::erf(x)}
pub fn erfc(x:f64)->f64{libm::erfc(x)}
pub fn gamma(x:f64)->f64{libm::tgamma(x)}
pub fn lgamma(x:f64)->f64{libm::lgamma(x)}
pub fn digamma(x:f64)->f64{x}
pub fn trigamma(x:f64)->f64{x}
pub fn polygamma(_n:f64,x:f64)->f64{x}
pub fn sigmoid(x:f64)->f64{1.0/(1.0+(-x).exp())}
pub fn softplus(x:f64)->f64{x.exp().ln_1p()}
pub fn relu(x:f64)->f64{if x>0.0 {x} else if x.is_nan() {x} else {0.0}}
pub fn min(a:f64,b:f64)->f64{if a.is_nan()||a<=b {a} else {b}}
pub fn max(a:f64,b:f64)->f64{if a.is_nan()||a>=b {a} else {b}}
pub fn mod_floor(a:f64,b:f64)->f64{a-b*(a/b).floor()}
pub fn logsumexp(x:&[f64])->f64{let m=x.iter().copied().fold(f64::NEG_INFINITY,f64::max);m+x.iter().map(|v|(v-m).exp()).sum::<f64>().ln()}
