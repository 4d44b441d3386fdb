package bundle

import "fmt"

// Limits bound what an input may cost. Zero means the default.
type Limits struct {
	Bytes   int64 // plain bytes of the whole input; 64 GiB
	Entries int   // regular entries; 250,000
	Ratio   int64 // plain to compressed bytes, once 256 MiB were inflated; 500
	Name    int   // bytes of an entry's name; 4096
	Depth   int   // components of an entry's name; 64
}

const (
	ratioFloor   = 256 << 20
	nameBudget   = 32 << 20 // bytes of all names that are kept
	maxManifest  = 128 << 20
	maxPlan      = 16 << 20
	maxZipFolder = 32 << 20 // of a zip's directory, which is held in memory
)

func (l Limits) withDefaults() Limits {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	if l.Bytes <= 0 {
		l.Bytes = 64 << 30
	}
	if l.Ratio <= 0 {
		l.Ratio = 500
	}
	def(&l.Entries, 250_000)
	def(&l.Name, 4096)
	def(&l.Depth, 64)
	return l
}

// expansion judges plain bytes made of packed ones.
func (l Limits) expansion(plain, packed int64) error {
	if plain > l.Bytes {
		return fmt.Errorf("more than %d plain bytes: %w", l.Bytes, ErrLimit)
	}
	if plain > ratioFloor && plain/l.Ratio > packed {
		return fmt.Errorf("expands more than %d times: %w", l.Ratio, ErrLimit)
	}
	return nil
}
