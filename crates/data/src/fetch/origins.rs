//! Where each corpus comes from, which files belong to it, and what their bytes must be.
//!
//! The digests are those of the files that the loaders were checked against. The addresses are public and may move; whatever
//! answers there, only the right bytes get a name in the data folder.

/// Where a corpus comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// Id of the corpus, as in `LOADERS`.
    pub corpus: &'static str,
    /// Its files.
    pub files: &'static [RemoteFile],
    /// Licence or terms of the data.
    pub licence: &'static str,
    /// The page that describes the corpus, for people.
    pub page: &'static str,
}

/// One file of a corpus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteFile {
    /// Name in the data folder.
    pub name: &'static str,
    /// Contents that are taken; the first is the original as its address serves it.
    pub accepted: &'static [Digest],
    /// Public addresses, tried in this order. Empty: the file cannot be had without an account.
    pub addresses: &'static [Address],
    /// Columns of a CSV file whose cells are emptied before the file is stored, because they name real people.
    pub blanked: &'static [&'static str],
}

/// Size and hash of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest {
    /// Size in bytes.
    pub bytes: u64,
    /// sha256 in lower-case hexadecimal.
    pub sha256: &'static str,
}

/// A public place that serves a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Address {
    /// The file itself.
    File(&'static str),
    /// A zip archive that holds it.
    Member {
        /// Address of the archive.
        archive: &'static str,
        /// Name of the file inside.
        member: &'static str,
    },
}

impl Origin {
    /// Bytes of all files together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().filter_map(|file| file.accepted.first()).map(|digest| digest.bytes).sum()
    }
}

const ADULT_ARCHIVE: &str = "https://archive.ics.uci.edu/static/public/2/adult.zip";
const GERMAN_ARCHIVE: &str = "https://archive.ics.uci.edu/static/public/144/statlog+german+credit+data.zip";

/// Every corpus that can be fetched.
///
/// - `adult`, `german`: UCI serves the single files and an archive of them; the archive is tried second.
/// - `compas`: rows of real, named people. The cells of `name`, `first` and `last` are emptied before the file is stored; a copy in
///   which they are empty already is taken as well.
/// - `utrecht-recruitment`: Kaggle asks for an account, so there is no address; `--from` takes the file or Kaggle's zip.
/// - `first-impressions`: labels and transcripts only; the organisers ask for a registration, so there is no address. Their videos and the
///   files of gender, ethnicity and age are put beside these by hand.
/// - `faircv-2020`: the test halves of the release of July 2020, at the commits that added them. The paths were read from the
///   repository's history; the digests guard the content.
pub const ORIGINS: &[Origin] = &[
    Origin {
        corpus: "adult",
        files: &[
            RemoteFile {
                name: "adult.data",
                accepted: &[Digest { bytes: 3_974_305, sha256: "5b00264637dbfec36bdeaab5676b0b309ff9eb788d63554ca0a249491c86603d" }],
                addresses: &[
                    Address::File("https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.data"),
                    Address::Member { archive: ADULT_ARCHIVE, member: "adult.data" },
                ],
                blanked: &[],
            },
            RemoteFile {
                name: "adult.test",
                accepted: &[Digest { bytes: 2_003_153, sha256: "a2a9044bc167a35b2361efbabec64e89d69ce82d9790d2980119aac5fd7e9c05" }],
                addresses: &[
                    Address::File("https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.test"),
                    Address::Member { archive: ADULT_ARCHIVE, member: "adult.test" },
                ],
                blanked: &[],
            },
            RemoteFile {
                name: "adult.names",
                accepted: &[Digest { bytes: 5_229, sha256: "c248284c0b5de30c9e1958d6cdd168a34a654758b620e68f46aefa83fc0a576a" }],
                addresses: &[
                    Address::File("https://archive.ics.uci.edu/ml/machine-learning-databases/adult/adult.names"),
                    Address::Member { archive: ADULT_ARCHIVE, member: "adult.names" },
                ],
                blanked: &[],
            },
        ],
        licence: "CC BY 4.0",
        page: "https://archive.ics.uci.edu/dataset/2/adult",
    },
    Origin {
        corpus: "compas",
        files: &[RemoteFile {
            name: "compas-scores-two-years.csv",
            accepted: &[
                Digest { bytes: 2_546_489, sha256: "c451db85908b2f7fef1d83203bedf6b71ecda0d5af468d82ae62178f91d0cc7d" },
                Digest { bytes: 2_348_626, sha256: "56584ba336ea445c2ba3244449398024db045b94df43db3460f847decd368ead" },
            ],
            addresses: &[Address::File("https://raw.githubusercontent.com/propublica/compas-analysis/master/compas-scores-two-years.csv")],
            blanked: &["name", "first", "last"],
        }],
        licence: "no licence file; published by ProPublica",
        page: "https://github.com/propublica/compas-analysis",
    },
    Origin {
        corpus: "german",
        files: &[
            RemoteFile {
                name: "german.data",
                accepted: &[Digest { bytes: 79_793, sha256: "b21f3d81db8071257d5ff1deaeba1fd4303b62712e6fcc9715c7a86202cb5871" }],
                addresses: &[
                    Address::File("https://archive.ics.uci.edu/ml/machine-learning-databases/statlog/german/german.data"),
                    Address::Member { archive: GERMAN_ARCHIVE, member: "german.data" },
                ],
                blanked: &[],
            },
            RemoteFile {
                name: "german.doc",
                accepted: &[Digest { bytes: 4_681, sha256: "c0c9576b79710d62aa8e0701cbb9cc02e86d3b354d5ec997ade875c66c32d46e" }],
                addresses: &[
                    Address::File("https://archive.ics.uci.edu/ml/machine-learning-databases/statlog/german/german.doc"),
                    Address::Member { archive: GERMAN_ARCHIVE, member: "german.doc" },
                ],
                blanked: &[],
            },
        ],
        licence: "CC BY 4.0",
        page: "https://archive.ics.uci.edu/dataset/144/statlog+german+credit+data",
    },
    Origin {
        corpus: "utrecht-recruitment",
        files: &[RemoteFile {
            name: "recruitmentdataset-2022-1.3.csv",
            accepted: &[Digest { bytes: 315_227, sha256: "13e8c9787d9be7ecfd8ffecba4db78a3988bee0bd033d34e63b1181e9c44c34c" }],
            addresses: &[],
            blanked: &[],
        }],
        licence: "see its page",
        page: "https://www.kaggle.com/datasets/ictinstitute/utrecht-fairness-recruitment-dataset",
    },
    Origin {
        corpus: "faircv-2020",
        files: &[
            RemoteFile {
                name: "Profiles_test_et.npy",
                accepted: &[Digest { bytes: 3_130_202, sha256: "10d8a03eb250d1d680b13b1bbb98f71ae181b02bb1c6c15af1676fe8ea7a42dc" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/Profiles_test_et.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "Profiles_test_gen.npy",
                accepted: &[Digest { bytes: 3_130_202, sha256: "2fe347d45c44ba243bf92efd837fc3a5e50daf293d62b1a451f3a731076df7ee" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/579037f1ba936baa2be1303dec826242a6931c66/data/Profiles_test_gen.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "predictions_biased_ethnicity.npy",
                accepted: &[Digest { bytes: 19_707, sha256: "25b1ebd9120f26077cc635699bb80959eeb5f632ec1075fd2a946303912abd43" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/predictions_biased_ethnicity.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "predictions_biased_facial_ag_ethnicity.npy",
                accepted: &[Digest { bytes: 19_707, sha256: "a72685e4b91fb12194cec81f6c9ee566fd4101b718f327563924d53e2cb0067e" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/predictions_biased_facial_ag_ethnicity.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "predictions_biased_facial_ag_gender.npy",
                accepted: &[Digest { bytes: 19_707, sha256: "412231bc2d5ee088479adf991f199580bb1d23d9a3771476b83b7c602ab80884" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/predictions_biased_facial_ag_gender.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "predictions_biased_facial_ethnicity.npy",
                accepted: &[Digest { bytes: 19_707, sha256: "fc041d038cdd0ee0141b3036e4c5a927016f7dd4ab59ea34ad11e4c62a885ccf" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/predictions_biased_facial_ethnicity.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "predictions_biased_facial_gender.npy",
                accepted: &[Digest { bytes: 19_707, sha256: "2bcd1d08e077e3636a850ffed6be8efeae397f6eaf70e579716922b86a4379e2" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/predictions_biased_facial_gender.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "predictions_biased_feat_ethnicity.npy",
                accepted: &[Digest { bytes: 19_707, sha256: "07118188963f571069d850d6466401f6388cb2f2fa3db7b837ac227d1d115006" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/predictions_biased_feat_ethnicity.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "predictions_biased_feat_gender.npy",
                accepted: &[Digest { bytes: 19_707, sha256: "a4d183f5a913860eb9d95f1a060360c109748c46b1013071cb6df86fe04f2944" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/predictions_biased_feat_gender.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "predictions_biased_gender.npy",
                accepted: &[Digest { bytes: 19_707, sha256: "1ef4c037b5b70a8fca040d923940f81b5d9e0fa955fc928a268a7a020cd48752" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/predictions_biased_gender.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "predictions_blind_feat_ethnicity.npy",
                accepted: &[Digest { bytes: 19_707, sha256: "50a876d5fbbf9ce0d0180e3f2caef49021c9423dc2869556750aae669386bfde" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/predictions_blind_feat_ethnicity.npy",
                )],
                blanked: &[],
            },
            RemoteFile {
                name: "predictions_blind_feat_gender.npy",
                accepted: &[Digest { bytes: 19_707, sha256: "fa307d6102b18cbc7314d430b43ea8cd3e0017e9a1996b6f98b6a5cc14ee142a" }],
                addresses: &[Address::File(
                    "https://raw.githubusercontent.com/BiDAlab/FairCVtest/53dfbc027f1ae175e79458f9d22049ed0032541f/data/predictions_blind_feat_gender.npy",
                )],
                blanked: &[],
            },
        ],
        licence: "own terms: as is, cite the papers",
        page: "https://github.com/BiDAlab/FairCVtest",
    },
    Origin {
        corpus: "first-impressions",
        files: &[
            RemoteFile {
                name: "annotation_training.pkl",
                accepted: &[Digest { bytes: 793_769, sha256: "cdf3aaccfb8ed217e0f34a40b0560fd5367991c4feba63d94031188da99fb2b6" }],
                addresses: &[],
                blanked: &[],
            },
            RemoteFile {
                name: "annotation_validation.pkl",
                accepted: &[Digest { bytes: 261_721, sha256: "4393caee5468ae44904598359d84e73ee0cbc9431d9c70465948725084527d77" }],
                addresses: &[],
                blanked: &[],
            },
            RemoteFile {
                name: "annotation_test.pkl",
                accepted: &[Digest { bytes: 261_721, sha256: "1d758f806581497ee17fdb1bc00c89d37b3321ffd588c3116fad4f8f479f3f4b" }],
                addresses: &[],
                blanked: &[],
            },
            RemoteFile {
                name: "transcription_training.pkl",
                accepted: &[Digest { bytes: 1_533_738, sha256: "83fb5eda6d185a5668e7e0da0bd4c5e33ba650bc307642238b779525d3dfebd1" }],
                addresses: &[],
                blanked: &[],
            },
            RemoteFile {
                name: "transcription_validation.pkl",
                accepted: &[Digest { bytes: 513_210, sha256: "121ba60ff0152d699f0ba8647ba10cdc42e410eab9b1e9c6b4faf464b5653371" }],
                addresses: &[],
                blanked: &[],
            },
            RemoteFile {
                name: "transcription_test.pkl",
                accepted: &[Digest { bytes: 511_574, sha256: "6b137667c21c57b6c7ad46233ad342531c374ef1310422d49365d9ecae874121" }],
                addresses: &[],
                blanked: &[],
            },
        ],
        licence: "CC BY-NC 4.0",
        page: "https://chalearnlap.cvc.uab.cat/dataset/24/description/",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_a_whole_digest_and_a_safe_name_and_every_address_is_encrypted() {
        for file in ORIGINS.iter().flat_map(|origin| origin.files) {
            assert!(!file.accepted.is_empty(), "{}", file.name);
            for digest in file.accepted {
                assert!(digest.sha256.len() == 64 && digest.sha256.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
                assert!(digest.bytes > 0);
            }
            assert!(!file.name.contains(['/', '\\']) && !file.name.starts_with('.'), "{}", file.name);
            for address in file.addresses {
                let (Address::File(address) | Address::Member { archive: address, .. }) = address;
                assert!(address.starts_with("https://"), "{address}");
            }
        }
    }

    #[test]
    fn corpora_are_named_once() {
        let mut names: Vec<&str> = ORIGINS.iter().map(|origin| origin.corpus).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ORIGINS.len());
    }
}
