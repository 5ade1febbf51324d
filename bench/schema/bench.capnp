@0xe4b1f2a37c5d6089;
# What is measured.

struct Message {
  id @0 :UInt64;
  text @1 :Text;
}

interface Items {
  item @0 (id :UInt64) -> stream;
  # One item of a stream.

  done @1 ();
}

interface Bench {
  echo @0 (message :Message) -> (message :Message);
  large @1 (data :Data) -> (data :Data);
  items @2 (count :UInt32, to :Items) -> ();
}
