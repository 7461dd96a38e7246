;; The relaxed body canonicalization of text, sixteen octets at a time. Assembled into relaxed-text.ts by
;;   wat2wasm relaxed-text.wat -o relaxed-text.wasm && base64 -w 0 relaxed-text.wasm
;; The text lies from 16 on, at most 65,536 octets; what it becomes from 65,568 on. Nothing is ever written to the
;; sixteen octets before either, so that looking back from the first octet finds zeros.
(module
  (memory (export "memory") 3)
  (func (export "squeeze") (param $end i32) (result i32)
    (local $at i32) (local $to i32) (local $octet i32) (local $good i32) (local $here v128) (local $odd v128)
    (loop $next
      (block $octets
        (br_if $octets (i32.gt_u (i32.add (local.get $at) (i32.const 16)) (local.get $end)))
        ;; Not canonical: a tab, and a space or CR after a space.
        (local.set $odd (v128.or
          (i8x16.eq
            (local.tee $here (v128.load offset=16 (local.get $at)))
            (v128.const i32x4 0x09090909 0x09090909 0x09090909 0x09090909))
          (v128.and
            (i8x16.eq
              (v128.load offset=15 (local.get $at))
              (v128.const i32x4 0x20202020 0x20202020 0x20202020 0x20202020))
            (v128.or
              (i8x16.eq (local.get $here) (v128.const i32x4 0x20202020 0x20202020 0x20202020 0x20202020))
              (i8x16.eq (local.get $here) (v128.const i32x4 0x0d0d0d0d 0x0d0d0d0d 0x0d0d0d0d 0x0d0d0d0d))))))
        (v128.store offset=65568 (local.get $to) (local.get $here))
        (if (v128.any_true (local.get $odd))
          (then
            ;; What stands before it is good.
            (local.set $good (i32.ctz (i8x16.bitmask (local.get $odd))))
            (local.set $at (i32.add (local.get $at) (local.get $good)))
            (local.set $to (i32.add (local.get $to) (local.get $good))))
          (else
            (local.set $at (i32.add (local.get $at) (i32.const 16)))
            (local.set $to (i32.add (local.get $to) (i32.const 16)))
            (br $next))))
      ;; One by one, up to an octet that says nothing about the next.
      (loop $octet
        (if (i32.ge_u (local.get $at) (local.get $end)) (then (return (local.get $to))))
        (local.set $octet (i32.load8_u offset=16 (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (if (i32.or (i32.eq (local.get $octet) (i32.const 32)) (i32.eq (local.get $octet) (i32.const 9)))
          (then
            ;; A blank: one space, unless there is one. 65567 is the octet before.
            (if (i32.ne (i32.load8_u offset=65567 (local.get $to)) (i32.const 32))
              (then
                (i32.store8 offset=65568 (local.get $to) (i32.const 32))
                (local.set $to (i32.add (local.get $to) (i32.const 1)))))
            (br $octet)))
        (i32.store8 offset=65568 (local.get $to) (local.get $octet))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br_if $octet (i32.eq (local.get $octet) (i32.const 13)))
        (br_if $next (i32.ne (local.get $octet) (i32.const 10)))
        ;; The space before a CRLF goes.
        (br_if $next (i32.ne (i32.load8_u offset=65566 (local.get $to)) (i32.const 13)))
        (br_if $next (i32.ne (i32.load8_u offset=65565 (local.get $to)) (i32.const 32)))
        (i32.store16 offset=65565 (local.get $to) (i32.const 0x0a0d))
        (local.set $to (i32.sub (local.get $to) (i32.const 1)))
        (br $next)))
    (unreachable)))
