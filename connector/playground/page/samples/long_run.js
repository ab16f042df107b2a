// An example: output is shown as it comes, and the run can be canceled.

export const code = `import random
import time

# What is printed is shown as it comes. Cancel stops the code
# and keeps its variables and files.
inside = points = 0
for step in range(1, 61):
    for _ in range(50_000):
        x, y = random.random(), random.random()
        inside += x * x + y * y < 1
    points += 50_000
    print(f"Step {step} of 60: pi is {4 * inside / points:.5f}")
    time.sleep(0.5)`;
