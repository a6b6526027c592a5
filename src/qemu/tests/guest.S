# The boot sector that the tests run: it obeys single letters on the serial line.
#   c  counts, and answers with the counter     p  powers off       r  resets
#   m  touches 200 MiB, and answers M           x  panics (pvpanic)
#   w  writes the counter to its disk, and answers W
#   d  answers with the counter that is on its disk
#   b  from now on works without end: counts in each of 2048 pages of memory and in a sector of its
#      disk, once it has found there what it left; answers B
#   s  answers S when it has worked since it was asked last and has found all as it left it, N when
#      it has not worked, E when something was not as it left it
# It answers the power button. Bytes for guest_image.h:
#   clang -m16 -c guest.S -o guest.o && llvm-objcopy -O binary -j .text guest.o guest.bin
.code16
start:
    cli
    xorw %ax, %ax
    movw %ax, %ds
    movw %ax, %ss
    movw $0x7c00, %sp
    movw $0x602, %dx            # PM1_EN: let the power button set its status bit
    movw $0x100, %ax
    outw %ax, %dx
    movb $'R', %al
    call put
    sti
wait:
    cmpb $0, 0x7c00 + busy - start
    jne 1f
    hlt                         # until the timer, 18 times a second
    jmp 2f
1:  call work
2:
    movw $0x600, %dx            # PM1_STS
    inw %dx, %ax
    testb $1, %ah
    jnz power_off
    movw $0x3fd, %dx            # COM1 line status
    inb %dx, %al
    testb $1, %al
    jz wait
    movw $0x3f8, %dx
    inb %dx, %al
    cmpb $'c', %al
    je count
    cmpb $'p', %al
    je power_off
    cmpb $'r', %al
    je reset
    cmpb $'m', %al
    je touch
    cmpb $'w', %al
    je save
    cmpb $'d', %al
    je load
    cmpb $'b', %al
    je begin
    cmpb $'s', %al
    je status
    cmpb $'x', %al
    jne wait
    movw $0x505, %dx
    movb $1, %al
    outb %al, %dx
    jmp wait
count:
    incb 0x7c00 + counter - start
    movb 0x7c00 + counter - start, %al
    call put
    jmp wait
power_off:
    movw $0x604, %dx            # PM1_CNT: SLP_EN, type 0 (S5)
    movw $0x2000, %ax
    outw %ax, %dx
    jmp wait
reset:
    movw $0xcf9, %dx
    movb $6, %al
    outb %al, %dx
    jmp wait
large:                          # a 4 GiB segment in real mode, until firmware is called
    cli
    lgdtl 0x7c00 + table_pointer - start
    movl %cr0, %eax
    orb $1, %al
    movl %eax, %cr0
    jmp 1f
1:  movw $8, %bx
    movw %bx, %es
    andb $0xfe, %al
    movl %eax, %cr0
    movl $0x100000, %edi
    ret
begin:
    incb 0x7c00 + busy - start
    movb $'B', %al
    call put
    jmp wait
status:
    movb $'E', %al
    cmpb $0, 0x7c00 + failed - start
    jne 1f
    movb $'N', %al
    movw 0x7c00 + turn - start, %bx
    cmpw 0x7c00 + told - start, %bx
    movw %bx, 0x7c00 + told - start
    je 1f
    movb $'S', %al
1:  call put
    jmp wait
work:
    call large
    movw 0x7c00 + turn - start, %ax
1:  cmpw %ax, %es:(%edi)
    jne 2f
    incw %es:(%edi)
    addl $0x1000, %edi
    cmpl $0x900000, %edi
    jb 1b
    sti
    movw $0x0201, %ax           # the sector that was written the last time holds that turn
    movw $0x8000, %bx
    movb $3, %cl
    call sector
    movw 0x7c00 + turn - start, %ax
    cmpw %ax, 0x8000 + turn - start
    jne 2f
    incw 0x7c00 + turn - start
    movw $0x0301, %ax
    movw $0x7c00, %bx
    movb $3, %cl
    jmp sector
2:  movb $1, 0x7c00 + failed - start
    movb $0, 0x7c00 + busy - start
    sti
    ret
touch:
    call large
    movl $0x900000, %edi        # after the pages of `work`
2:  movb $1, %es:(%edi)
    addl $0x1000, %edi
    cmpl $0xd100000, %edi
    jb 2b
    sti
    movb $'M', %al
    call put
    jmp wait
save:
    movw $0x0301, %ax           # INT 13h: write one sector, the second of the first disk
    movw $0x7c00, %bx
    call disk
    movb $'W', %al
    call put
    jmp wait
load:
    movw $0x0201, %ax           # likewise: read it
    movw $0x8000, %bx
    call disk
    movb 0x8000 + counter - start, %al
    call put
    jmp wait
disk:
    movb $2, %cl
sector:                         # which is in cl
    movb $0, %ch
    pushw $0
    popw %es
    movw $0x80, %dx
    int $0x13
    sti
    ret
put:
    movw $0x3f8, %dx
    outb %al, %dx
    ret
counter: .byte '0'
busy: .byte 0
failed: .byte 0
turn: .word 0
told: .word 0
.align 8
table:
    .quad 0
    .quad 0x008f92000000ffff
table_pointer:
    .word 15
    .long 0x7c00 + table - start
.org 510
    .word 0xaa55
